"""For how long a moderator had an item open before they decided."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_nsfw.decisions import approve, escalate, reject, undo, undo_batch
from django_nsfw.intent import LONGEST, handling_ms
from django_nsfw.models import Claim, Decision, Scan
from django_nsfw.queue.claims import claim
from tests.conftest import upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def held(constant):
    constant.answer = 0.8
    return Scan.objects.get(object_pk=Photo.objects.create(image=upload()).pk)


@pytest.fixture
def ann(django_user_model):
    return django_user_model.objects.create_user("ann")


@pytest.fixture
def bob(django_user_model):
    return django_user_model.objects.create_user("bob")


def opened(scan, person, **ago):
    """``person`` has it open, and began so long ago."""
    claim(scan, person)
    since = timezone.now() - timedelta(**ago)
    Claim.objects.filter(scan=scan).update(since=since)
    return since


@pytest.mark.parametrize("verb", [approve, reject, escalate])
def test_it_runs_from_the_claim_to_the_decision(held, ann, verb):
    since = opened(held, ann, minutes=2)
    made = verb(held, moderator=ann)
    found = Decision.objects.get(pk=made.pk)
    assert found.handling_ms == (found.created_at - since) // timedelta(milliseconds=1)
    assert 120_000 <= found.handling_ms < 180_000


def test_nobody_had_it_open(held, ann):
    assert approve(held, moderator=ann).handling_ms is None


def test_somebody_else_had_it_open(held, ann, bob):
    opened(held, bob, seconds=5)
    assert approve(held, moderator=ann).handling_ms is None


def test_the_time_of_the_claim_was_up(held, ann):
    opened(held, ann, minutes=9)
    Claim.objects.update(until=timezone.now())
    assert approve(held, moderator=ann).handling_ms is None


def test_what_is_decided_in_one_go_was_not_looked_at_alone(held, ann):
    opened(held, ann, seconds=5)
    assert approve(held, moderator=ann, batch=uuid.uuid4()).handling_ms is None


def test_a_program_has_nothing_open(held, ann):
    opened(held, ann, seconds=5)
    assert reject(held, moderator=None).handling_ms is None


def test_undoing_is_no_looking(held, ann):
    batch = uuid.uuid4()
    made = escalate(held, moderator=ann, batch=batch)
    opened(held, ann, seconds=5)
    [undone] = undo_batch(batch, moderator=ann)
    assert (undone.decision, undone.undo.handling_ms) == (made, None)
    again = escalate(held, moderator=ann)
    assert undo(again, moderator=ann).handling_ms is None


@pytest.mark.django_db(transaction=True)
def test_copies_that_are_settled_with_it_were_not_looked_at(held, ann):
    copy = Photo.objects.get()
    copy.pk, copy._state.adding = None, True
    copy.save()
    other = Scan.objects.exclude(pk=held.pk).get()
    opened(held, ann, seconds=5)
    opened(other, ann, seconds=5)
    assert approve(held, moderator=ann).handling_ms >= 5000
    assert other.decisions.get().handling_ms is None


LENGTHS = {
    "no time": (timedelta(0), 0),
    "less than a millisecond": (timedelta(microseconds=999), 0),
    "a second and a half": (timedelta(seconds=1, microseconds=500_999), 1500),
    "a day": (LONGEST, 86_400_000),
    "longer than a day": (LONGEST + timedelta(microseconds=1), None),
    "a clock that was set back": (-timedelta(microseconds=1), None),
}


@pytest.mark.parametrize(("length", "expected"), LENGTHS.values(), ids=LENGTHS)
def test_the_length_in_milliseconds(length, expected):
    assert handling_ms(NOW, NOW + length) == expected


def test_what_was_not_opened_has_no_length():
    assert handling_ms(None, NOW) is None


def test_it_costs_no_query(held, ann, django_assert_num_queries):
    with CaptureQueriesContext(connection) as by_a_program:
        made = escalate(held, moderator=None)
    undo(made, moderator=None)
    opened(held, ann, seconds=5)
    with django_assert_num_queries(len(by_a_program)):
        assert escalate(held, moderator=ann).handling_ms >= 5000
