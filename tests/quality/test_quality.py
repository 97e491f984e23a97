"""Who is asked about what, what an answer does, and the arithmetic of the report."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from django_nsfw import quality
from django_nsfw.decisions import approve, reject
from django_nsfw.models import FieldAccess, QualityCheck, Scan
from tests.host.models import Asset
from tests.quality.conftest import CHECKER

Answer = QualityCheck.Answer
pytestmark = pytest.mark.django_db(databases=["default", "second"])


def test_everybody_is_asked_about_each_only_once(sampled, person):
    sampled(3)
    mo, asked = person("mo", *CHECKER), []
    while (scan := quality.next_for(mo)) is not None:
        assert quality.next_for(mo) == scan  # until it is answered
        quality.answer(scan.pk, mo, Answer.YES)
        asked.append(scan.pk)
    assert sorted(asked) == sorted(Scan.objects.values_list("pk", flat=True))


def test_a_yes_is_final_and_cannot_say_asks_somebody_else(sampled, person):
    [scan] = sampled()
    mo, max_, eve = (person(name, *CHECKER) for name in ("mo", "max", "eve"))
    quality.answer(scan.pk, mo, Answer.UNSURE)
    assert quality.next_for(mo) is None
    assert quality.next_for(max_) == scan
    quality.answer(scan.pk, max_, Answer.YES)
    assert quality.next_for(eve) is None


def test_people_at_the_same_time_are_asked_about_different_ones(sampled, person):
    sampled(quality.APART)
    people = [person(f"p{n}", *CHECKER) for n in range(8)]
    assert len({quality.next_for(one).pk for one in people}) > 1


@pytest.mark.parametrize("said", [Answer.YES, Answer.UNSURE])
def test_only_a_no_moves_anything(sampled, person, said):
    [scan] = sampled()
    quality.answer(scan.pk, person("mo", *CHECKER), said)
    scan.refresh_from_db()
    assert scan.status == "clear"


def test_after_a_no_it_waits_in_the_queue_and_is_public(sampled, person):
    [scan] = sampled()
    mo = person("mo", *CHECKER)
    quality.answer(scan.pk, mo, Answer.NO)
    [waiting] = Scan.objects.waiting()
    assert (waiting.pk, waiting.status, waiting.quarantine_name) == (scan.pk, "flagged", "")
    [check] = QualityCheck.objects.all()
    assert (check.scan, check.sha256, check.answer, check.user, check.user_name) == (
        scan, scan.sha256, "no", mo, "mo",
    )  # fmt: skip
    assert reject(waiting, moderator=mo).from_status == "flagged"


def test_what_was_answered_is_not_answered_again(sampled, person):
    [scan] = sampled()
    mo = person("mo", *CHECKER)
    quality.answer(scan.pk, mo, Answer.UNSURE)
    with pytest.raises(quality.NotInSample):
        quality.answer(scan.pk, mo, Answer.NO)
    assert QualityCheck.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"sampled_at": None},
        {"sampled_at": timezone.now() - timedelta(days=31)},
        {"status": "held", "quarantine_name": "x"},
        {"status": "approved"},
        {"status": "superseded"},
    ],
    ids=["never drawn", "drawn long ago", "held since", "approved since", "replaced since"],
)
def test_nobody_is_asked_about_others(sampled, person, changes):
    [scan] = sampled()
    Scan.objects.filter(pk=scan.pk).update(**changes)
    mo = person("mo", *CHECKER)
    assert quality.next_for(mo) is None
    with pytest.raises(quality.NotInSample):
        quality.answer(scan.pk, mo, Answer.NO)


def test_only_fields_that_one_may_moderate(sampled, person):
    sampled(2)
    [asset] = sampled(1, Asset)
    group = Group.objects.create(name="assets")
    FieldAccess.objects.create(group=group, field="host.Asset.file")
    mo = person("mo", *CHECKER)
    mo.groups.add(group)
    assert list(quality.waiting(mo)) == [asset]
    assert quality.report(mo, since=ever()).total.drawn == 1


def test_checks_are_append_only(sampled, person):
    [scan] = sampled()
    quality.answer(scan.pk, person("mo", *CHECKER), Answer.YES)
    check = QualityCheck.objects.get()
    for change in (check.save, check.delete, QualityCheck.objects.all().delete):
        with pytest.raises(TypeError, match="append-only"):
            change()
    with pytest.raises(TypeError, match="append-only"):
        QualityCheck.objects.update(answer="no")


def test_the_report_by_field(sampled, person):
    photos, assets = sampled(6), sampled(2, Asset)
    mo, max_ = person("mo", *CHECKER), person("max", *CHECKER)
    said = [Answer.YES, Answer.YES, Answer.NO, Answer.NO, Answer.NO, Answer.UNSURE]
    for scan, answer in zip(photos, said, strict=True):
        quality.answer(scan.pk, mo, answer)
    quality.answer(photos[5].pk, max_, Answer.UNSURE)
    quality.answer(assets[0].pk, mo, Answer.UNSURE)
    quality.answer(assets[0].pk, max_, Answer.YES)
    reject(Scan.objects.get(pk=photos[2].pk), moderator=mo)
    approve(Scan.objects.get(pk=photos[3].pk), moderator=mo)
    found = quality.report(mo, since=ever())
    assert found.fields == [
        quality.Agreement(field="host.Asset.file", drawn=2, yes=1),
        quality.Agreement(
            field="host.Photo.image", drawn=6, yes=2, no=3, unsure=1, upheld=1, overruled=1
        ),
    ]
    assert found.total == quality.Agreement(drawn=8, yes=3, no=3, unsure=1, upheld=1, overruled=1)
    assert (found.total.share, found.total.wrong) == (0.5, 0.5)
    assert found.total.share_between == quality.wilson(3, 6)


def test_of_two_answers_at_the_same_moment_the_first_counts(sampled, person):
    [scan] = sampled()
    mo, max_ = person("mo", *CHECKER), person("max", *CHECKER)
    QualityCheck.record(scan, mo, Answer.YES)
    QualityCheck.record(scan, max_, Answer.NO)
    total = quality.report(mo, since=ever()).total
    assert (total.yes, total.no, total.unsure) == (1, 0, 0)


def test_the_report_leaves_out_what_was_drawn_before(sampled, person):
    [scan] = sampled()
    mo = person("mo", *CHECKER)
    quality.answer(scan.pk, mo, Answer.YES)
    assert quality.report(mo, since=timezone.now()).fields == []


def test_a_report_without_answers_has_no_shares(sampled, person):
    sampled()
    total = quality.report(person("mo", *CHECKER), since=ever()).total
    assert (total.share, total.share_between, total.wrong, total.wrong_between) == (
        None, None, None, None,
    )  # fmt: skip


def ever():
    return timezone.now() - timedelta(days=365)
