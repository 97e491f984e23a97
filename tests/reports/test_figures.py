"""Every figure, counted by hand on rows that fit on this page."""

from dataclasses import asdict
from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from django_nsfw.reports import Period, Scope, report
from django_nsfw.reports.handling import Handling
from django_nsfw.reports.scores import Threshold
from tests.reports.conftest import ASSET, DETECTOR, PHOTO, ago, decide, scan, undo, utc

pytestmark = pytest.mark.django_db

MARCH = Period(first=date(2026, 3, 1), last=date(2026, 3, 3))


def counted(root, period=MARCH, **options):
    return report(Scope(user=root, period=period, **options))


def told(rows, *names):
    return [tuple(getattr(row, name) for name in names) for row in rows]


def test_nothing_is_counted_in_an_empty_database(root):
    found = counted(root)
    assert found.is_empty
    assert told(found.inflow, "day", "came") == [
        (date(2026, 3, 1), 0), (date(2026, 3, 2), 0), (date(2026, 3, 3), 0),
    ]  # fmt: skip
    assert told(found.backlog.days, "waiting") == [(0,), (0,), (0,)]
    assert [age.waiting for age in found.backlog.ages] == [0] * 7
    assert (found.moderators, found.fields, found.uploaders, found.scores, found.failures) == (
        [], [], [], [], [],
    )  # fmt: skip


def test_what_came_in_by_day_and_verdict(root, known_rejected):
    scan(utc("2026-02-28 23:59:59.999999"))
    scan(utc("2026-03-01 00:00"))
    scan(utc("2026-03-01 12:00"), "approved", verdict="allow")
    scan(utc("2026-03-01 12:00"), "held")
    scan(utc("2026-03-03 23:59:59.999999"), "rejected", verdict="reject", known=known_rejected)
    scan(utc("2026-03-03 01:00"), "held", verdict="reject")
    scan(utc("2026-03-03 01:00"), "held", verdict="unknown", nsfw=None, error_code="timeout")
    scan(utc("2026-03-03 01:00"), "pending", nsfw=None, scored_at=None)
    scan(utc("2026-03-04 00:00"))
    names = (
        "came", "allowed", "to_review", "rejecting", "unknown", "awaits_score", "by_rule"
    )  # fmt: skip
    assert told(counted(root).inflow, *names) == [
        (3, 2, 1, 0, 0, 0, 2),
        (0, 0, 0, 0, 0, 0, 0),
        (4, 0, 0, 2, 1, 1, 1),
    ]


def test_who_decided_by_day(root, person):
    mo = person(name="mo")
    first, second, third, fourth, fifth = (scan(utc("2026-02-01 00:00"), "held") for _ in range(5))
    decide(first, "approve", utc("2026-02-28 12:00"), mo)
    one = decide(second, "reject", utc("2026-03-01 09:00"), mo)
    decide(third, "reject", utc("2026-03-01 09:01"), name="gone")
    decide(fourth, "reject", utc("2026-03-02 10:00"), inherited_from=one)
    decide(fifth, "escalate", utc("2026-03-02 10:00"), mo)
    decide(fifth, "approve", utc("2026-03-02 11:00"))
    undo(one, utc("2026-03-02 12:00"), mo)
    days = counted(root).inflow
    names = ("approved", "rejected", "inherited", "by_programs", "undone", "by_people", "automatic")
    assert told(days, *names) == [
        (0, 2, 0, 0, 0, 2, 0),
        (0, 0, 1, 1, 1, 0, 2),
        (0, 0, 0, 0, 0, 0, 0),
    ]


WAITED = {
    "what waits since before the period": (
        lambda mo: scan(utc("2026-02-20 00:00"), "held"),
        [(0, 0, 1), (0, 0, 1), (0, 0, 1)],
    ),
    "what came and waits": (
        lambda mo: scan(utc("2026-03-02 05:00"), "flagged"),
        [(0, 0, 0), (1, 0, 1), (0, 0, 1)],
    ),
    "what waits since a rescan": (
        lambda mo: scan(utc("2026-01-01 05:00"), "held", settled_at=utc("2026-03-03 05:00")),
        [(0, 0, 0), (0, 0, 0), (1, 0, 1)],
    ),
    "what came after the period": (
        lambda mo: scan(utc("2026-03-04 00:00"), "held"),
        [(0, 0, 0), (0, 0, 0), (0, 0, 0)],
    ),
    "what was decided the next day": (
        lambda mo: decide(
            scan(utc("2026-03-01 23:00"), "held"), "approve", utc("2026-03-02 01:00"), mo
        ),
        [(1, 0, 1), (0, 1, 0), (0, 0, 0)],
    ),
    "what was decided after the period": (
        lambda mo: decide(
            scan(utc("2026-03-02 23:00"), "held"), "reject", utc("2026-04-01 00:00"), mo
        ),
        [(0, 0, 0), (1, 0, 1), (0, 0, 1)],
    ),
    "what came before the period and was decided in it": (
        lambda mo: decide(
            scan(utc("2026-01-02 23:00"), "held"), "reject", utc("2026-03-02 00:00"), mo
        ),
        [(0, 0, 1), (0, 1, 0), (0, 0, 0)],
    ),
    "what was decided, undone, and waits": (
        lambda mo: undo(
            decide(scan(utc("2026-03-01 01:00"), "held"), "reject", utc("2026-03-01 02:00"), mo),
            utc("2026-03-03 00:00"),
            mo,
        ),
        [(1, 1, 0), (0, 0, 0), (1, 0, 1)],
    ),
    "what was decided, undone, and decided again": (
        lambda mo: decide(
            undo(
                decide(scan(utc("2026-03-01 01:00"), "held"), "reject", utc("2026-03-01 02:00")),
                utc("2026-03-02 00:00"),
            ).scan,
            "approve",
            utc("2026-03-03 00:00"),
            mo,
        ),
        [(1, 1, 0), (1, 0, 1), (0, 1, 0)],
    ),
    "an escalation": (
        lambda mo: decide(
            scan(utc("2026-03-01 01:00"), "held"), "escalate", utc("2026-03-02 01:00"), mo
        ),
        [(1, 0, 1), (0, 0, 1), (0, 0, 1)],
    ),
    "what was public and is rejected": (
        lambda mo: decide(
            scan(utc("2026-03-01 01:00"), "clear"), "reject", utc("2026-03-02 01:00"), mo
        ),
        [(0, 0, 0), (0, 0, 0), (0, 0, 0)],
    ),
    "what left with its object": (
        lambda mo: scan(
            utc("2026-03-01 01:00"), "gone", settled_at=utc("2026-03-02 01:00"),
        ),
        [(1, 0, 1), (0, 1, 0), (0, 0, 0)],
    ),
    "what was escalated and left with its object": (
        lambda mo: _gone(
            decide(scan(utc("2026-03-01 01:00"), "held"), "escalate", utc("2026-03-01 02:00"), mo)
        ),
        [(1, 0, 1), (0, 0, 1), (0, 1, 0)],
    ),
    "what was undone and left with its object": (
        lambda mo: _gone(
            undo(
                decide(scan(utc("2026-03-01 01:00"), "held"), "reject", utc("2026-03-01 02:00")),
                utc("2026-03-02 00:00"),
            )
        ),
        [(1, 1, 0), (1, 0, 1), (0, 1, 0)],
    ),
    "what was approved and got another file": (
        lambda mo: _gone(
            decide(scan(utc("2026-03-01 01:00"), "held"), "approve", utc("2026-03-02 02:00"), mo)
        ),
        [(1, 0, 1), (0, 1, 0), (0, 0, 0)],
    ),
    "what was clear and got another file": (
        lambda mo: scan(
            utc("2026-03-01 01:00"), "superseded", verdict="allow",
            settled_at=utc("2026-03-02 01:00"),
        ),
        [(0, 0, 0), (0, 0, 0), (0, 0, 0)],
    ),
    "what had no score, was let through, and got another file": (
        lambda mo: scan(
            utc("2026-03-01 01:00"), "superseded", verdict="unknown",
            settled_at=utc("2026-03-02 01:00"),
        ),
        [(0, 0, 0), (0, 0, 0), (0, 0, 0)],
    ),
    "what had no score, was held, and got another file": (
        lambda mo: scan(
            utc("2026-03-01 01:00"), "superseded", verdict="unknown", quarantine_name="held",
            settled_at=utc("2026-03-02 01:00"),
        ),
        [(1, 0, 1), (0, 1, 0), (0, 0, 0)],
    ),
    "what was held and is erased": (
        lambda mo: scan(
            utc("2026-03-01 01:00"), "rejected", settled_at=utc("2026-03-02 01:00"),
            erased_at=utc("2026-03-02 01:00"),
        ),
        [(1, 0, 1), (0, 1, 0), (0, 0, 0)],
    ),
}  # fmt: skip


def _gone(decision):
    scan = decision.scan
    scan.status, scan.settled_at = "gone", utc("2026-03-03 07:00")
    scan.save()


@pytest.mark.parametrize(("happened", "days"), WAITED.values(), ids=WAITED)
def test_what_waited_at_the_end_of_each_day(root, person, happened, days):
    happened(person(name="mo"))
    assert told(counted(root).backlog.days, "entered", "left", "waiting") == days


def test_the_last_day_is_what_waits_now(root):
    scan(ago(hours=1), "held")
    scan(ago(days=400), "flagged")
    scan(ago(hours=1), "clear")
    found = counted(root, Period.until_today(7)).backlog
    assert found.days[-1].waiting == found.waiting == 2
    assert found.days[0].waiting == 1


def test_what_waits_by_age(root):
    for hours in (0.5, 0.9, 3, 5, 30, 100, 200, 720, 9000):
        scan(ago(hours=hours), "held")
    scan(ago(hours=2000), "flagged", settled_at=ago(hours=2), escalated_at=ago(hours=1))
    scan(ago(hours=2), "approved", escalated_at=ago(hours=1))
    ages = counted(root).backlog.ages
    assert told(ages, "hours", "until", "held", "flagged", "escalated") == [
        (0, 1, 2, 0, 0),
        (1, 4, 1, 1, 1),
        (4, 24, 1, 0, 0),
        (24, 72, 1, 0, 0),
        (72, 168, 1, 0, 0),
        (168, 720, 1, 0, 0),
        (720, None, 2, 0, 0),
    ]


def test_each_moderator(root, person):
    mo, ann = person(name="mo"), person(name="ann")
    came, at = utc("2026-03-01 11:59"), utc("2026-03-01 12:00")  # when it was scored

    def held():
        return scan(came, "held")

    decide(held(), "approve", at + timedelta(minutes=4), mo)
    taken_back = decide(held(), "approve", at + timedelta(minutes=30), mo)
    undo(taken_back, at + timedelta(minutes=31), mo)
    undone = decide(held(), "reject", at + timedelta(hours=5), mo)
    undo(undone, utc("2026-05-01 00:00"), ann)
    overruled = decide(held(), "approve", at + timedelta(days=1, minutes=26), mo)
    decide(overruled.scan, "reject", at + timedelta(days=1, minutes=30), ann)
    decide(held(), "escalate", at + timedelta(minutes=1), mo)
    own_again = decide(held(), "approve", at + timedelta(days=3), name="bo")  # not in the period
    decide(own_again.scan, "reject", at + timedelta(days=3), name="bo")
    decide(held(), "approve", at + timedelta(hours=1), inherited_from=undone)
    decide(held(), "approve", at + timedelta(hours=1))  # a program
    decide(held(), "approve", at + timedelta(hours=1), name="zoe")
    rescored = scan(came, "held", scored_at=utc("2026-04-01 00:00"))
    decide(rescored, "approve", came + timedelta(minutes=10), name="yan")
    found = counted(root).moderators
    assert [asdict(one) for one in found] == [
        {
            "pk": mo.pk, "name": "mo", "approved": 3, "rejected": 1, "escalated": 1,
            "within_5_minutes": 1, "within_an_hour": 2, "within_a_day": 3,
            "handling": None, "taken_back": 1, "reversed": 2,
        },
        {
            "pk": ann.pk, "name": "ann", "approved": 0, "rejected": 1, "escalated": 0,
            "within_5_minutes": 0, "within_an_hour": 0, "within_a_day": 0,
            "handling": None, "taken_back": 0, "reversed": 0,
        },
        {
            "pk": None, "name": "yan", "approved": 1, "rejected": 0, "escalated": 0,
            "within_5_minutes": 0, "within_an_hour": 1, "within_a_day": 1,
            "handling": None, "taken_back": 0, "reversed": 0,
        },
        {
            "pk": None, "name": "zoe", "approved": 1, "rejected": 0, "escalated": 0,
            "within_5_minutes": 0, "within_an_hour": 0, "within_a_day": 1,
            "handling": None, "taken_back": 0, "reversed": 0,
        },
    ]  # fmt: skip


HANDLED = {
    "one": ([1500], (1, 1500, 1500)),
    "two": ([3000, 1000], (2, 1000, 3000)),
    "three": ([1, 3, 2], (3, 2, 3)),
    "the same ones": ([700, 700, 700, 700], (4, 700, 700)),
    "nine in ten are not exceeded": (range(10, 110, 10), (10, 50, 90)),
    "the tenth of eleven": (range(10, 120, 10), (11, 60, 100)),
    "no time at all": ([0, 0, 9000], (3, 0, 9000)),
    "what nobody opened does not count": ([None, 400, None], (1, 400, 400)),
}


@pytest.mark.parametrize(("lengths", "expected"), HANDLED.values(), ids=HANDLED)
def test_for_how_long_a_moderator_had_items_open(root, person, lengths, expected):
    mo, at = person(name="mo"), utc("2026-03-02 12:00")
    for length in lengths:
        decide(scan(at, "held"), "approve", at, mo, handling_ms=length)
    decide(scan(at, "held"), "approve", utc("2026-03-05 00:00"), mo, handling_ms=50)
    [found] = counted(root).moderators
    count, median, high = expected
    assert found.handling == Handling(
        count=count, median=timedelta(milliseconds=median), high=timedelta(milliseconds=high)
    )


def test_handling_times_are_those_of_each_person(root, person):
    at = utc("2026-03-02 12:00")
    for name, length in (("mo", 5), ("ann", 7), ("mo", 5), ("zoe", None)):
        by = get_user_model().objects.filter(username=name).first() or person(name=name)
        decide(scan(at, "held"), "escalate", at, by, handling_ms=length)
    for name, length in (("gone", 9), ("away", 11)):
        decide(scan(at, "held"), "reject", at, name=name, handling_ms=length)
    medians = {one.name: one.handling and one.handling.median for one in counted(root).moderators}
    assert medians == {
        "mo": timedelta(milliseconds=5), "ann": timedelta(milliseconds=7), "zoe": None,
        "gone": timedelta(milliseconds=9), "away": timedelta(milliseconds=11),
    }  # fmt: skip


def test_each_field(root):
    day = utc("2026-03-02 12:00")
    for status in ("clear", "clear", "held", "approved", "rejected"):
        scan(day, status)
    scan(day, "held", field=ASSET, verdict="unknown", nsfw=None, error_code="timeout")
    scan(utc("2026-04-02 12:00"), field=ASSET)
    assert told(
        counted(root).fields,
        "label", "came", "allowed", "waiting", "approved", "rejected", "failed",
    ) == [(PHOTO, 5, 2, 1, 1, 1, 0), (ASSET, 1, 0, 1, 0, 0, 1)]  # fmt: skip


def test_each_uploader_of_whom_something_was_not_fine(root, person):
    ann, bob, fine = person(name="ann"), person(name="bob"), person(name="fine")
    day = utc("2026-03-02 12:00")
    for uploader, status in (
        (ann, "held"), (ann, "approved"), (ann, "clear"),
        (bob, "rejected"), (bob, "clear"), (fine, "clear"), (fine, "approved"), (None, "held"),
    ):  # fmt: skip
        scan(day, status, uploader=uploader)
    assert told(
        counted(root).uploaders, "pk", "name", "came", "waiting", "approved", "rejected"
    ) == [(bob.pk, "bob", 2, 0, 0, 1), (ann.pk, "ann", 3, 1, 1, 0)]


def test_scores_of_each_detector(root, settings):
    day = utc("2026-03-02 12:00")
    for nsfw in (0.0, 0.049, 0.05, 0.5, 0.549, 0.95, 0.999, 1.0):
        scan(day, nsfw=nsfw)
    scan(day, nsfw=0.4, field=ASSET)
    scan(day, nsfw=0.7, detector="another@2", field="gone.Model.image")
    scan(day, "held", nsfw=None, detector="", error_code="timeout")
    first, second = counted(root).scores
    parts = {0: 2, 1: 1, 8: 1, 10: 2, 19: 3}
    assert (first.detector, first.scored) == (DETECTOR, 9)
    assert first.counts == tuple(parts.get(at, 0) for at in range(20))
    assert first.thresholds == (
        Threshold(score=0.4, what="review", labels=(ASSET,)),
        Threshold(score=0.5, what="review", labels=(PHOTO,)),
        Threshold(score=0.95, what="reject", labels=(PHOTO,)),
    )
    assert (second.detector, second.scored, second.thresholds) == ("another@2", 1, ())
    assert second.counts == tuple(int(at == 14) for at in range(20))


def policy_of(instance, field_name):
    return {}


def test_a_policy_that_depends_on_the_object_is_said_to_vary(root, settings):
    settings.NSFW_FIELDS = {ASSET: {"for_object": f"{__name__}.policy_of", "review": None}}
    scan(utc("2026-03-02 12:00"), field=ASSET)
    [found] = counted(root).scores
    assert (found.varies, found.thresholds) == ((ASSET,), ())


def test_failures_by_reason(root):
    day = utc("2026-03-02 12:00")
    for hours, code in ((1, "timeout"), (3, "timeout"), (2, "queue_full")):
        scan(day + timedelta(hours=hours), "held", nsfw=None, error_code=code)
    scan(utc("2026-03-05 12:00"), "held", error_code="missing")
    scan(day, "clear", verdict="allow", nsfw=None, error_code="not_a_picture")
    assert told(counted(root).failures, "code", "count", "latest") == [
        ("timeout", 2, utc("2026-03-02 15:00")),
        ("queue_full", 1, utc("2026-03-02 14:00")),
    ]


def test_one_field_alone(root, person):
    mo, day = person(name="mo"), utc("2026-03-02 12:00")
    for field, count in ((PHOTO, 2), (ASSET, 3)):
        for _ in range(count):
            scan(day, "held", field=field, error_code="timeout", uploader=mo)
            decide(scan(day, "held", field=field), "approve", day, mo)
    found = counted(root, field=ASSET)
    assert_only(found, 3)


def test_fields_that_a_person_does_not_moderate_are_not_counted(person):
    mo, day = person(name="mo"), utc("2026-03-02 12:00")
    for field, count in ((PHOTO, 2), (ASSET, 3)):
        for _ in range(count):
            scan(day, "held", field=field, error_code="timeout", uploader=mo)
            decide(scan(day, "held", field=field), "approve", day, mo)
    scope = Scope(user=person(only=[ASSET]), period=MARCH)
    assert scope.fields == [ASSET]
    assert_only(report(scope), 3)
    assert report(Scope(user=scope.user, period=MARCH, field=PHOTO)).is_empty


def assert_only(found, count):
    day = found.inflow[1]
    assert (day.came, day.approved, day.by_people) == (2 * count, count, count)
    assert (found.backlog.waiting, found.backlog.days[1].left) == (count, count)
    assert [one.approved for one in found.moderators] == [count]
    assert told(found.fields, "label", "came") == [(ASSET, 2 * count)]
    assert told(found.uploaders, "came") == [(count,)]
    assert [one.scored for one in found.scores] == [2 * count]
    assert told(found.failures, "count") == [(count,)]


def test_a_page_takes_as_many_queries_for_one_row_as_for_many(
    root, person, django_assert_num_queries
):
    mo = person(name="mo")
    for _ in range(3):
        made = decide(scan(ago(hours=5), "held"), "approve", ago(hours=1), mo)
        undo(made, timezone.now(), mo)
        scan(ago(hours=5), "held", uploader=mo)
        scan(ago(hours=5), "held", detector="another", field=ASSET, error_code="timeout")
    with django_assert_num_queries(16):
        counted(root, Period.until_today(90))
