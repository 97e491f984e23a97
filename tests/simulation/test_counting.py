"""What other thresholds would have done, against policies that look at every scan in Python."""

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from django.utils import timezone

from django_nsfw.models import QualityCheck, Scan
from django_nsfw.policy import Policy
from django_nsfw.reports import Period, Scope
from django_nsfw.simulation import Proposal, simulate
from django_nsfw.simulation.outcome import Counts, Outcome
from tests.reports.conftest import ASSET, DETECTOR, PHOTO, ago, decide, scan, undo, utc

pytestmark = pytest.mark.django_db

MARCH = Period(first=date(2026, 3, 1), last=date(2026, 3, 4))


def simulated(review, reject, field=PHOTO, period=MARCH, user=None):
    proposal = Proposal(review=review, reject=reject, field=field)
    found = simulate(Scope(user=user, period=period, field=field), proposal)
    return next(one for one in found.fields if one.label == field)


def test_what_is_held_now_and_would_have_been():
    for moment, nsfw in [
        ("2026-02-28 23:59:59", 0.99), ("2026-03-01 00:00", 0.5), ("2026-03-01 01:00", 0.61),
        ("2026-03-01 02:00", 0.62), ("2026-03-03 02:00", 0.9699), ("2026-03-03 02:00", 0.97),
        ("2026-03-03 02:00", 0.1), ("2026-03-05 00:00", 0.99),
    ]:  # fmt: skip
        scan(utc(moment), "held", nsfw=nsfw)
    found = simulated(0.62, 0.97)
    assert (found.came, found.detector) == (6, DETECTOR)
    assert found.now == Counts(review=3, reject=2)  # the validator of this field rejects from 0.95
    assert found.then == Counts(review=2, reject=1)
    assert found.daily == (1, 0, 2, 0)
    assert found.a_day == 0.75


def test_a_threshold_that_is_lowered_counts_what_passes_today():
    for nsfw in (0.2, 0.3, 0.4):
        scan(utc("2026-03-01"), nsfw=nsfw)
    found = simulated(0.3, None)
    assert (found.now.held, found.then.held) == (0, 2)


def test_without_thresholds_nothing_is_held():
    scan(utc("2026-03-01"), "held", nsfw=1.0)
    assert simulated(None, None).then == Counts()


def test_what_people_decided_otherwise_than_the_thresholds(person):
    mo = person(name="mo")
    for nsfw, action in [
        (0.55, "reject"), (0.7, "reject"), (0.98, "reject"), (0.5, "approve"), (0.62, "approve"),
        (0.97, "approve"), (1.0, "approve"),
    ]:  # fmt: skip
        decide(scan(utc("2026-03-01"), "held", nsfw=nsfw), action, utc("2026-03-02"), mo)
    found = simulated(0.62, 0.97)
    assert (found.rejected, found.missed) == (3, 1)
    assert (found.approved, found.spared, found.refused) == (4, 1, 2)
    assert found.missed_between == pytest.approx((0.0615, 0.7923), abs=1e-4)


def test_what_was_undone_inherited_or_done_by_a_program_is_no_judgement(person):
    mo = person(name="mo")
    first = decide(scan(utc("2026-03-01"), "held"), "reject", utc("2026-03-02"), mo)
    decide(scan(utc("2026-03-01"), "held"), "reject", utc("2026-03-02"), inherited_from=first)
    decide(scan(utc("2026-03-01"), "held"), "reject", utc("2026-03-02"))
    undone = decide(scan(utc("2026-03-01"), "held"), "reject", utc("2026-03-02"), mo)
    undo(undone, utc("2026-03-02"), mo)
    assert simulated(0.62, 0.97).rejected == 1


def test_a_judgement_counts_once_however_often_it_was_given(person):
    mo = person(name="mo")
    one = scan(utc("2026-03-01"), "held", nsfw=0.6)
    decide(one, "approve", utc("2026-03-02"), mo)
    decide(one, "reject", utc("2026-03-03"), mo)
    decide(one, "reject", utc("2026-03-03"), mo)
    found = simulated(0.62, 0.97)
    assert (found.approved, found.rejected, found.missed) == (0, 1, 1)


def test_what_no_score_decides_is_counted_apart(known_rejected):
    scan(utc("2026-03-01"), "held", nsfw=None, error_code="timeout")
    scan(utc("2026-03-01"), "rejected", nsfw=0.9, known=known_rejected)
    scan(utc("2026-03-01"), "held", nsfw=0.9, known=known_rejected, known_distance=12)
    found = simulated(0.62, 0.97)
    assert (found.came, found.unscored, found.known) == (3, 1, 1)
    assert found.then == Counts(review=1)


def test_scores_of_the_detector_before_are_left_out():
    scan(utc("2026-03-01"), "held", nsfw=0.9, detector="before@1")
    scan(utc("2026-03-02"), "held", nsfw=0.9)
    scan(utc("2026-03-02"), nsfw=0.1, detector="before@1")
    found = simulated(0.62, 0.97)
    assert (found.detector, found.others, found.then.held) == (DETECTOR, 1, 1)


def test_the_quality_sample_tells_of_what_passes(person):
    mo, rita = person(name="mo"), person()
    answers = [(0.1, "no"), (0.1, "yes"), (0.2, "yes"), (0.1, "unsure"), (0.45, "no"), (0.9, "yes")]
    for nsfw, said in answers:
        QualityCheck.record(scan(utc("2026-03-01"), nsfw=nsfw), mo, QualityCheck.Answer(said))
    twice = Scan.objects.order_by("pk").first()
    QualityCheck.record(twice, rita, QualityCheck.Answer.YES)  # the first one counts
    found = simulated(0.4, None)  # of what neither holds
    assert (found.checked, found.unfit) == (3, 1)
    assert found.unfit_between == pytest.approx((0.0615, 0.7923), abs=1e-4)


def test_a_field_that_nobody_proposes_for_keeps_its_thresholds():
    scan(utc("2026-03-01"), "held", nsfw=0.45, field=ASSET)
    scan(utc("2026-03-01"), nsfw=0.45)
    scope = Scope(user=None, period=MARCH)
    of_photo = simulate(scope, Proposal(review=0.41, reject=None, field=PHOTO))
    assert [(one.label, one.then.held) for one in of_photo.fields] == [(PHOTO, 1)]
    found = {one.label: one for one in simulate(scope, Proposal(review=0.5, reject=None)).fields}
    assert (found[ASSET].now.held, found[ASSET].then.held) == (1, 0)
    assert (found[PHOTO].now.held, found[PHOTO].then.held) == (0, 0)


def test_of_restricted_people_only_their_fields_are_counted(person):
    scan(utc("2026-03-01"), "held", field=ASSET)
    scope = Scope(user=person("see_reports", only=[PHOTO]), period=MARCH)
    found = simulate(scope, Proposal(review=0.1, reject=None))
    assert [one.label for one in found.fields] == [PHOTO]


def test_everything_agrees_with_policies_that_look_at_each_scan(person):
    """300 scans at and around thresholds, in two fields, some settled by people."""
    chance, mo = random.Random(5), person(name="mo")
    scores = [0.0, 0.399999, 0.4, 0.5, 0.62, 0.6200001, 0.7, 0.97, 0.9699999, 1.0]
    rows = [
        scan(ago(days=chance.uniform(0, 20)), "held", field=chance.choice([PHOTO, ASSET]),
             nsfw=chance.choice([*scores, chance.random()]))
        for _ in range(300)
    ]  # fmt: skip
    for row in chance.sample(rows, 100):
        decide(row, chance.choice(["approve", "reject"]), timezone.now(), mo)
    period = Period.until_today(10)
    for review, reject in [(0.62, 0.97), (0.4, None), (None, 0.7), (0.0, 1.0)]:
        found = simulate(Scope(user=None, period=period), Proposal(review=review, reject=reject))
        for label in (PHOTO, ASSET):
            one = next(one for one in found.fields if one.label == label)
            policy = Policy.of({"review": review, "reject": reject})
            inside = [
                row for row in rows
                if row.field == label and period.start <= row.created_at < period.end
            ]  # fmt: skip
            verdicts = Counter((row.status, _verdict(policy, row.nsfw)) for row in inside)

            def count(verdict, *statuses, verdicts=verdicts):
                wanted = statuses or ("held", "approved", "rejected")
                return sum(verdicts[status, verdict] for status in wanted)

            assert one.came == len(inside)
            assert one.then == Counts(review=count("review"), reject=count("reject"))
            assert sum(one.daily) == one.then.held
            assert one.missed == count("allow", "rejected")
            assert one.spared == count("allow", "approved")
            assert one.refused == count("reject", "approved")


def _verdict(policy, nsfw):
    if policy.reject is not None and nsfw >= policy.reject:
        return "reject"
    return "review" if policy.review is not None and nsfw >= policy.review else "allow"


def test_as_many_queries_whatever_is_counted(django_assert_num_queries, person):
    mo = person(name="mo")
    for _ in range(2):
        decide(scan(utc("2026-03-01"), "held"), "reject", utc("2026-03-02"), mo)
    for _ in range(2):
        with django_assert_num_queries(6):
            simulated(0.62, 0.97)
        scan(utc("2026-03-02"), "held", field=ASSET)


def test_nine_days_of_ten():
    ten = Outcome(daily=tuple(range(100)))
    assert ten.a_day_between == (4, 95)
    assert Outcome(daily=(3,)).a_day_between == (3, 3)
    assert Outcome().a_day_between == (0, 0)


@pytest.mark.parametrize(
    ("review", "reject", "complaint"),
    [
        (0.9, 0.5, "'reject' (0.5) must not be below 'review' (0.9)"),
        (1.2, None, "'review' must be from 0 to 1, not 1.2."),
        (float("nan"), None, "'review' must be from 0 to 1, not nan."),
    ],
)
def test_thresholds_that_make_no_sense(review, reject, complaint):
    with pytest.raises(ValueError) as caught:
        Proposal(review=review, reject=reject)
    assert complaint in str(caught.value)


def test_days_before_the_first_scan_count_as_days():
    scan(timezone.now() - timedelta(hours=1), "held", nsfw=0.9)
    assert simulated(0.62, None, period=Period.until_today(30)).a_day == pytest.approx(1 / 30)
