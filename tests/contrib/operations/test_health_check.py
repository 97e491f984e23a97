"""The pages of django-health-check, asked as a load balancer asks them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from django_nsfw.contrib import health_check
from django_nsfw.detectors import detectors
from django_nsfw.models import Scan
from tests.conftest import upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db


def asked(client, page="health") -> tuple[int, str]:
    response = client.get(reverse(page), {"format": "text"})
    return response.status_code, response.content.decode()


def waits(constant, status: str, **age: float) -> None:
    constant.answer = 0.7 if status in ("held", "pending") else 0.1  # behind a placeholder, or not
    made = Photo.objects.create(image=upload(seed=1))
    since = timezone.now() - timedelta(**age)
    Scan.objects.filter(object_pk=str(made.pk)).update(status=status, created_at=since)


def test_a_site_where_nothing_was_scored_yet_is_well_and_loads_nothing(client, constant):
    assert asked(client)[0] == 200
    assert constant.loads == 0


def test_a_process_that_is_ready_has_its_detector(client, constant):
    assert asked(client, "ready")[0] == 200
    assert constant.loads == 1


def test_a_detector_that_cannot_be_had_makes_a_process_not_ready(client, broken):
    status, said = asked(client, "ready")
    assert status == 500
    assert "The detector 'default' cannot be had: uploads are held unscored." in said


def test_an_upload_that_found_no_detector_shows(client, broken):
    assert asked(client)[0] == 200
    Photo.objects.create(image=upload(seed=2))
    assert detectors.state("default") == "failed"
    assert asked(client)[0] == 500


def test_an_alias_that_there_is_not_is_said(constant):
    check = health_check.DetectorCheck(alias="mine")
    with pytest.raises(health_check.ServiceUnavailable, match="NSFW_DETECTORS has no 'mine'"):
        check.run()


@pytest.mark.parametrize("status", ["pending", "unscored"])
def test_files_past_their_deadline_are_a_failure(client, constant, settings, status):
    settings.NSFW_BACKGROUND = {"deadline": 600}
    waits(constant, status, seconds=500)
    assert asked(client)[0] == 200
    waits(constant, status, seconds=900)
    code, said = asked(client)
    assert (code, "longer than 600 s. Are workers running?" in said) == (500, True)


def test_files_that_wait_long_for_people_are_said(client, constant):
    waits(constant, "held", hours=40)
    assert asked(client)[0] == 200
    waits(constant, "flagged", hours=60)
    code, said = asked(client)
    assert (code, "A file has waited for people for 60 hours." in said) == (500, True)
