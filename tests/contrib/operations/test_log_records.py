"""Fields of the log, as a formatter that writes JSON finds them."""

import logging

import pytest

from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from tests.conftest import upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True)


def fields(record: logging.LogRecord) -> dict:
    return {name: value for name, value in vars(record).items() if name.startswith("nsfw_")}


def of(caplog, logger: str) -> list[dict]:
    return [fields(record) for record in caplog.records if record.name == f"django_nsfw.{logger}"]


def test_each_look_at_a_file_is_a_record(constant, caplog):
    caplog.set_level(logging.INFO, "django_nsfw")
    constant.answer = 0.25
    for _ in range(2):
        Photo.objects.create(image=upload("holiday.jpg", seed=1))
    first, second = of(caplog, "observing")
    scan = Scan.objects.first()
    assert first.pop("nsfw_ms") > 0
    assert first == {
        "nsfw_sha256": scan.sha256,
        "nsfw_alias": "default",
        "nsfw_detector": scan.detector,
        "nsfw_score": 0.25,
        "nsfw_failure": "",
        "nsfw_recalled": False,
    }
    assert second["nsfw_recalled"]
    assert "holiday" not in caplog.text


def test_why_there_is_no_score_is_in_it(broken, caplog):
    caplog.set_level(logging.INFO, "django_nsfw.observing")
    Photo.objects.create(image=upload(seed=2))
    [record] = of(caplog, "observing")
    assert (record["nsfw_score"], record["nsfw_failure"]) == (None, "detector_unavailable")


def test_what_becomes_of_a_file_is_a_record(constant, caplog, admin_user):
    caplog.set_level(logging.INFO, "django_nsfw.announcing")
    constant.answer = 0.7
    photo = Photo.objects.create(image=upload(seed=3))
    scan = Scan.objects.get()
    decision = approve(scan, moderator=admin_user)
    shared = {
        "nsfw_scan": scan.pk,
        "nsfw_field": "host.Photo.image",
        "nsfw_object": str(photo.pk),
        "nsfw_sha256": scan.sha256,
        "nsfw_score": scan.nsfw,
        "nsfw_verdict": "review",
    }
    nobody = {"nsfw_decision": None, "nsfw_moderator": None}
    somebody = {"nsfw_decision": decision.pk, "nsfw_moderator": admin_user.pk}
    assert of(caplog, "announcing") == [
        {"nsfw_event": "image.held", **shared, **nobody},
        {"nsfw_event": "image.released", **shared, **somebody},
    ]


def test_without_being_asked_nothing_is_logged(constant, caplog):
    constant.answer = 0.7
    Photo.objects.create(image=upload(seed=4))
    assert caplog.records == []
