"""What is written down when, and what it says."""

import json
from datetime import datetime

import pytest
from django.db import connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from django_nsfw.decisions import approve, reject, undo
from django_nsfw.models import Delivery, Scan
from tests.background.post import Post
from tests.conftest import upload
from tests.host.models import Photo
from tests.telling.receiver import OTHER_SECRET, SECRET

pytestmark = pytest.mark.django_db(databases=["default", "second"])
URL = "https://hooks.example.org/nsfw"


@pytest.fixture(autouse=True)
def endpoint(settings, constant):
    settings.NSFW_WEBHOOKS = [{"url": URL, "secret": SECRET}]
    constant.answer = 0.8


def photo(**how):
    return Scan.objects.get(object_pk=str(Photo.objects.create(image=upload(**how)).pk))


def written():
    return list(Delivery.objects.order_by("pk").values_list("event", flat=True))


def bodies():
    return [json.loads(row.body) for row in Delivery.objects.order_by("pk")]


def test_every_event_and_its_body(person):
    scan = photo()
    mo = person("mo", "approve_scan")
    approval = approve(scan, moderator=mo, note="fine")
    taken_back = undo(approval, moderator=mo)
    scan.refresh_from_db()
    rejection = reject(scan, moderator=None)
    common = {
        "scan": scan.pk, "field": "host.Photo.image", "object": scan.object_pk,
        "sha256": scan.sha256, "verdict": "review",
    }  # fmt: skip
    told = bodies()
    moments = [datetime.fromisoformat(body.pop("timestamp")) for body in told]
    assert moments == sorted(moments)
    assert {str(moment.tzinfo) for moment in moments} == {"UTC"}
    again = {**common, "status": "held", "decision": taken_back.pk}
    assert told == [
        {"type": "image.held", "data": {**common, "status": "held", "decision": None}},
        {"type": "image.released", "data": {**common, "status": "approved",
                                            "decision": approval.pk}},
        {"type": "image.held", "data": again},
        {"type": "decision.undone", "data": {**again, "undone": approval.pk}},
        {"type": "image.rejected", "data": {**common, "status": "rejected",
                                            "decision": rejection.pk}},
    ]  # fmt: skip
    everything = "".join(row.body for row in Delivery.objects.all())
    assert [word for word in ("mo@", '"mo"', "fine", ".jpg") if word in everything] == []


def test_what_is_rolled_back_is_not_told():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        photo()
        assert written() == ["image.held"]
        raise ZeroDivisionError
    assert written() == []


def test_what_is_let_through_is_not_told(constant):
    constant.answer = 0.1
    photo()
    assert written() == []


def test_each_endpoint_is_told_what_it_asked_for(settings):
    settings.NSFW_WEBHOOKS = [
        {"url": f"{URL}/1", "secret": SECRET, "events": ["image.held", "image.rejected"]},
        {"url": f"{URL}/2", "secret": OTHER_SECRET, "events": ["image.rejected"]},
    ]
    reject(photo(), moderator=None)
    rows = Delivery.objects.order_by("pk").values_list("url", "event", "message")
    assert [row[:2] for row in rows] == [
        (f"{URL}/1", "image.held"),
        (f"{URL}/1", "image.rejected"),
        (f"{URL}/2", "image.rejected"),
    ]
    held, first, second = (row[2] for row in rows)
    assert first == second != held  # one event, one id
    assert held.startswith("msg_")
    assert "." not in held


@pytest.mark.parametrize(
    ("webhooks", "more"),
    [
        ([], 0),
        ([{"url": URL, "secret": SECRET, "events": ["decision.undone"]}], 0),
        ([{"url": URL, "secret": SECRET}], 1),
        ([{"url": f"{URL}/{n}", "secret": SECRET} for n in range(5)], 1),
    ],
    ids=["no endpoint", "one that wants to know other things", "one", "five"],
)
def test_what_an_upload_that_is_held_pays(settings, webhooks, more):
    settings.NSFW_WEBHOOKS = []
    photo(seed=1)
    counted = []
    for seed, configured in ((2, []), (3, webhooks)):
        settings.NSFW_WEBHOOKS = configured
        with CaptureQueriesContext(connection) as queries:
            Photo.objects.create(image=upload(seed=seed))
        counted.append(len(queries))
    assert counted[1] - counted[0] == more


@pytest.mark.parametrize(
    "wrong", ["no list", [{"url": URL}]], ids=["another type", "without a secret"]
)
def test_a_wrong_setting_fails_no_upload(settings, wrong, caplog):
    settings.NSFW_WEBHOOKS = wrong
    assert photo().status == "held"
    assert written() == []
    assert "Nobody is told of image.held: NSFW_WEBHOOKS" in caplog.text


class Messenger(Post):
    """An engine of which only this is asked."""

    background = False
    asked: list[float] = []

    def deliver(self, *, delay=0):
        self.asked.append(delay)
        if self.asked == [0, 0]:
            raise ConnectionError("the broker is down")


def test_a_worker_is_asked_after_the_commit_and_may_be_out_of_reach(settings, caplog):
    settings.NSFW_RUNNER = "tests.telling.test_outbox.Messenger"
    Messenger.asked = []
    with TestCase.captureOnCommitCallbacks(execute=True):
        photo(seed=1)
        assert Messenger.asked == []
    assert Messenger.asked == [0]
    with TestCase.captureOnCommitCallbacks(execute=True):
        photo(seed=2)
    assert "No worker was asked to deliver webhooks; nsfw_deliver will" in caplog.text
    assert written() == ["image.held", "image.held"]


def test_without_an_engine_an_upload_waits_for_nobody(settings, receiver):
    receiver.answers = [{"after": 30, "status": 204}]
    with TestCase.captureOnCommitCallbacks(execute=True):
        photo()
    assert receiver.requests == []
    assert written() == ["image.held"]
