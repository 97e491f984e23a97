import io

import pytest

from django_nsfw import assessment
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from tests.conftest import upload
from tests.host.models import Asset
from tests.known.pictures import ORIGINAL


@pytest.fixture
def moderator(django_user_model):
    return django_user_model.objects.create_user("mo")


@pytest.fixture
def rules(settings):
    """Sets the rules of the watched field: ``rules(similar="apply")``."""

    def change(**rules):
        settings.NSFW_FIELDS = {"host.Asset.file": {"known": rules}}

    change()
    return change


@pytest.fixture
def send(rules, constant):
    """Uploads bytes, as another process would: nothing is remembered but what is recorded."""

    def send(body, *, answer=0.0, name="cat.jpg"):
        constant.answer = answer
        assessment.memo.clear()
        asset = Asset.objects.create(file=upload(extension_of(body, name), body))
        return Scan.objects.get(object_pk=str(asset.pk), status__in=Scan.Status.values)

    return send


def extension_of(body, name):
    from django_nsfw.images import FORMATS, probe

    return name.rpartition(".")[0] + FORMATS[probe(io.BytesIO(body)).format][0]


@pytest.fixture
def settle(send, moderator):
    """Uploads bytes and has them decided: ``settle("reject")``."""

    def settle(outcome, body=ORIGINAL):
        scan = send(body, answer=0.8)
        {"approve": approve, "reject": reject}[outcome](scan, moderator=moderator)
        return Scan.objects.get(pk=scan.pk)

    return settle


@pytest.fixture
def decide(moderator):
    """Decides on a scan as it is now."""

    def decide(outcome, scan):
        scan = Scan.objects.get(pk=scan.pk)
        return {"approve": approve, "reject": reject}[outcome](scan, moderator=moderator)

    return decide
