"""Objects of every kind of primary key are found again when their scan is settled."""

import pytest

from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.folders import public
from tests.host.models import Asset, Photo, Slide

pytestmark = pytest.mark.django_db

MADE = [
    pytest.param(lambda: Photo(image=upload()), "image", id="a number"),
    pytest.param(lambda: Asset(file=upload()), "file", id="a UUID"),
    pytest.param(lambda: Slide(position=3, image=upload()), "image", id="two columns"),
]


@pytest.mark.parametrize(("make", "field"), MADE)
def test_approve_and_reject_find_the_row(constant, make, field, django_capture_on_commit_callbacks):
    constant.answer = 0.8
    made = make()
    made.save()

    def shown():
        return public()[getattr(type(made).objects.get(pk=made.pk), field).name]

    assert shown() != picture()
    with django_capture_on_commit_callbacks(execute=True):
        approve(Scan.objects.get(), moderator=None)
    assert shown() == picture()
    with django_capture_on_commit_callbacks(execute=True):
        reject(Scan.objects.get(), moderator=None)
    assert shown() != picture()


@pytest.mark.parametrize(("make", "field"), MADE)
def test_scans_of_an_object_are_found_and_end_with_it(constant, make, field):
    made = make()
    made.save()
    scan = Scan.objects.of_object(made, field).get()
    made.delete()
    scan.refresh_from_db()
    assert scan.status == Scan.Status.GONE
