"""What a scrape says after real uploads."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from prometheus_client import REGISTRY, generate_latest

from django_nsfw.contrib.prometheus import standing
from django_nsfw.decisions import approve, undo
from django_nsfw.detectors import detectors
from django_nsfw.models import Scan
from tests.conftest import upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


@pytest.fixture
def since():
    """By how much a metric has grown in this test."""
    before = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }

    def grown(name: str, **labels: str) -> float:
        now = REGISTRY.get_sample_value(name, labels) or 0.0
        return now - before.get((name, tuple(sorted(labels.items()))), 0.0)

    return grown


def photo(constant, score, seed) -> Scan:
    constant.answer = score
    made = Photo.objects.create(image=upload(seed=seed))
    return Scan.objects.get(object_pk=str(made.pk))


def test_scores_are_counted_once_and_what_is_recalled_apart(constant, since):
    photo(constant, 0.2, seed=1)
    photo(constant, 0.2, seed=1)
    photo(constant, 0.72, seed=2)
    assert since("nsfw_assessments_total", detector="default", outcome="scored") == 2
    assert since("nsfw_assessments_total", detector="default", outcome="recalled") == 1
    assert since("nsfw_assessment_seconds_count", detector="default") == 2
    assert since("nsfw_score_bucket", detector="default", le="0.2") == 1
    assert since("nsfw_score_bucket", detector="default", le="0.7") == 1
    assert since("nsfw_score_bucket", detector="default", le="0.75") == 2


def test_what_has_no_score_is_counted_by_its_reason(broken, since):
    Photo.objects.create(image=upload(seed=3))
    failed = since("nsfw_assessments_total", detector="default", outcome="detector_unavailable")
    assert failed == 1
    assert since("nsfw_assessment_seconds_count", detector="default") == 0
    verdict = {"field": "host.Photo.image", "verdict": "unknown", "status": "held"}
    assert since("nsfw_verdicts_total", **verdict) == 1


def test_what_becomes_of_files_is_counted(constant, since, admin_user):
    held = photo(constant, 0.7, seed=4)
    decision = approve(held, moderator=admin_user)
    undo(decision, moderator=admin_user)
    field = "host.Photo.image"
    verdict = since("nsfw_verdicts_total", field=field, verdict="review", status="held")
    assert verdict == 1
    counted = {
        event: since("nsfw_events_total", field=field, event=event)
        for event in ("held", "released", "rejected", "undone")
    }
    assert counted == {"held": 2, "released": 1, "rejected": 0, "undone": 1}


def test_uploads_within_a_transaction_are_counted_as_well(constant, since):
    """As in the admin, and everywhere with ATOMIC_REQUESTS."""
    with transaction.atomic():
        photo(constant, 0.7, seed=9)
        photo(constant, 0.1, seed=10)
    field = "host.Photo.image"
    assert since("nsfw_verdicts_total", field=field, verdict="review", status="held") == 1
    assert since("nsfw_verdicts_total", field=field, verdict="allow", status="clear") == 1


def test_what_waits_is_counted_with_its_age_in_one_query(constant, django_assert_num_queries):
    for seed in (5, 6):
        held = photo(constant, 0.7, seed)
    Scan.objects.filter(pk=held.pk).update(created_at=timezone.now() - timedelta(hours=2))
    with django_assert_num_queries(1):
        said = generate_latest(REGISTRY).decode()
    assert 'nsfw_waiting_files{status="held"} 2.0' in said
    assert 'nsfw_waiting_files{status="pending"} 0.0' in said
    assert 'nsfw_oldest_waiting_seconds{status="pending"} 0.0' in said
    age = REGISTRY.get_sample_value("nsfw_oldest_waiting_seconds", {"status": "held"})
    assert 7200 <= age < 7300


def test_the_state_of_a_detector_is_said_without_loading_it(constant, broken):
    def state() -> str:
        found = {
            state: REGISTRY.get_sample_value(
                "nsfw_detector_state", {"detector": "default", "state": state}
            )
            for state in standing.STATES
        }
        assert sorted(found.values()) == [0.0, 0.0, 1.0]
        return max(found, key=found.get)

    detectors.reset()
    assert state() == "unused"
    Photo.objects.create(image=upload(seed=7))
    assert state() == "failed"


def test_a_detector_that_is_there_is_loaded(constant):
    photo(constant, 0.1, seed=8)
    loaded = {"detector": "default", "state": "loaded"}
    assert REGISTRY.get_sample_value("nsfw_detector_state", loaded) == 1.0


def test_a_database_that_does_not_answer_leaves_out_what_waits_alone(monkeypatch, caplog):
    def fails():
        raise DatabaseError("no answer")

    monkeypatch.setattr(standing, "waiting", fails)
    said = generate_latest(REGISTRY).decode()
    assert "nsfw_detector_state{" in said
    assert "nsfw_waiting_files{" not in said
    assert "What waits cannot be measured: no answer" in caplog.text
