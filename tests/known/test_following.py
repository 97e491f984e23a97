"""What inherited an outcome goes where its decision went since."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from django_nsfw import decisions
from django_nsfw.decisions import undo
from django_nsfw.models import Decision, KnownImage, Scan
from django_nsfw.sweeping import sweep
from tests.conftest import upload
from tests.folders import held, journalled, public
from tests.host.models import Asset
from tests.known.pictures import COPIES, ORIGINAL

pytest.importorskip("pdqhash")
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

OPPOSITE = {"approve": "reject", "reject": "approve"}
STATUS = {"approve": "approved", "reject": "rejected"}


def status(scan):
    return Scan.objects.get(pk=scan.pk).status


def shown(scan):
    return public()[Asset.objects.get(pk=scan.object_pk).file.name]


@pytest.mark.parametrize("outcome", OPPOSITE)
@pytest.mark.parametrize(
    "body", [ORIGINAL, COPIES["smaller"]], ids=["the same bytes", "a similar picture"]
)
def test_what_inherited_follows(body, outcome, settle, send, decide, rules):
    first = settle(outcome)
    rules(similar="apply")
    heir = send(body)
    assert heir.status == STATUS[outcome]
    made = decide(OPPOSITE[outcome], first)
    assert [status(first), status(heir)] == [STATUS[OPPOSITE[outcome]]] * 2
    assert (shown(heir) == body) is (outcome == "reject")
    assert sorted(held()) == sorted([ORIGINAL, body] if outcome == "approve" else [])
    assert journalled() == []
    followed = Decision.objects.get(scan=heir)
    assert followed.inherited_from == made
    assert (followed.moderator, followed.moderator_name) == (None, "")
    assert (followed.from_status, followed.to_status) == (
        STATUS[outcome],
        STATUS[OPPOSITE[outcome]],
    )
    decide(outcome, first)
    assert status(heir) == STATUS[outcome]
    assert list(sweep(older_than=timedelta(0))) == []


def test_a_moderators_own_word_about_an_heir_stands(settle, send, decide, rules):
    first = settle("reject")
    rules(similar="apply")
    heir = send(COPIES["smaller"])
    decide("approve", heir)
    decide("approve", first)
    decide("reject", first)
    assert status(heir) == "approved"
    assert list(sweep(older_than=timedelta(0))) == []


def test_deciding_on_one_of_the_heirs_takes_the_others_along(settle, send, decide):
    first = settle("approve")
    heirs = [send(ORIGINAL), send(ORIGINAL)]
    decide("reject", heirs[0])
    assert [status(scan) for scan in (first, *heirs)] == ["approved", "rejected", "rejected"]
    known = KnownImage.objects.get()
    assert (known.outcome, known.decision.scan) == ("reject", heirs[0])


def test_what_only_waited_for_review_goes_on_waiting(settle, send, decide):
    first = settle("reject")
    similar = send(COPIES["smaller"])
    decide("approve", first)
    assert status(similar) == "held"


def test_a_decision_that_is_rolled_back_leaves_no_trace(settle, send, decide):
    first = settle("reject")
    heir = send(ORIGINAL)
    with pytest.raises(RuntimeError), transaction.atomic():
        decide("approve", first)
        raise RuntimeError
    assert (status(first), status(heir)) == ("rejected", "rejected")
    assert KnownImage.objects.get().outcome == "reject"


def test_an_heir_whose_object_is_gone_is_left_alone(settle, send, decide):
    first = settle("reject")
    heir = send(ORIGINAL)
    Asset.objects.get(pk=heir.object_pk).delete()
    decide("approve", first)
    assert status(heir) == "gone"


@pytest.fixture
def crashed(settle, send, decide, monkeypatch):
    """A decision was reversed, and the process died before anything followed."""
    first = settle("reject")
    heirs = [send(ORIGINAL), send(ORIGINAL)]
    with monkeypatch.context() as patch:
        patch.setattr(decisions, "follow_known", lambda known: None)
        decide("approve", first)
    assert [status(heir) for heir in heirs] == ["rejected", "rejected"]
    return heirs


def test_the_sweep_brings_along_what_a_crash_left_behind(crashed, capsys):
    assert list(sweep()) == []  # it may still be under way
    found = list(sweep(older_than=timedelta(0), dry_run=True))
    assert [status(heir) for heir in crashed] == ["rejected", "rejected"]
    assert list(sweep(older_than=timedelta(0))) == found
    assert [(m.finding.value, m.needs_person) for m in found] == [("followed", False)] * 2
    decision = Decision.objects.filter(inherited_from=None).latest("pk")
    assert found[0].subject == f"host.Asset.file of {crashed[0].object_pk}"
    assert found[0].detail == f"approved, decision #{decision.pk} by mo"
    assert [status(heir) for heir in crashed] == ["approved", "approved"]
    call_command("nsfw_sweep", "--older-than", "0")
    assert capsys.readouterr().out == "Nothing was left behind.\n"


def test_one_that_cannot_follow_is_reported_and_does_not_stop_the_others(crashed, tmp_path):
    (tmp_path / "quarantine" / crashed[0].quarantine_name).unlink()
    found = [(m.finding.value, m.detail) for m in sweep(older_than=timedelta(0))]
    assert found[0] == ("failed", "The file in quarantine is missing.")
    assert [status(heir) for heir in crashed] == ["rejected", "approved"]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda asset: Asset.objects.filter(pk=asset.pk)._raw_delete("default"), "object gone"),
        (lambda asset: Asset.objects.filter(pk=asset.pk).update(file="b.jpg"), "superseded"),
    ],
    ids=["no object", "another file"],
)
def test_a_dry_run_says_who_has_nothing_to_follow_with(change, finding, crashed):
    change(Asset.objects.get(pk=crashed[0].object_pk))
    found = list(sweep(older_than=timedelta(0), dry_run=True))
    assert [m.finding.value for m in found] == [finding, "followed"]
    assert list(sweep(older_than=timedelta(0))) == found


def test_more_than_one_request_moves_are_left_to_the_sweep(settle, send, decide, monkeypatch):
    first = settle("reject")
    heirs = [send(ORIGINAL) for _ in range(3)]
    limited = decisions.follow_known
    monkeypatch.setattr(decisions, "follow_known", lambda known: limited(known, limit=2))
    decide("approve", first)
    assert [status(heir) for heir in heirs] == ["approved", "approved", "rejected"]
    assert [m.finding.value for m in sweep(older_than=timedelta(0))] == ["followed"]
    assert status(heirs[2]) == "approved"


def test_two_scans_of_the_same_bytes_are_one_known_image_and_the_newest_word_counts(
    send, decide, rules
):
    rules(exact="ignore", similar="ignore")
    scans = [send(ORIGINAL, answer=0.8), send(ORIGINAL, answer=0.8)]
    decide("reject", scans[0])
    newest = decide("approve", scans[1])
    known = KnownImage.objects.get()
    assert (known.outcome, known.decision) == ("approve", newest)
    older = Decision.objects.exclude(pk=newest.pk).get()
    with transaction.atomic():
        assert KnownImage.objects.learn(older, scans[0]) == (known, False)
    assert KnownImage.objects.get().outcome == "approve"


def test_what_retention_deleted_is_not_asked_to_come_back(crashed):
    Scan.objects.filter(pk=crashed[0].pk).update(pruned_at=timezone.now(), quarantine_name="")
    assert [m.finding.value for m in sweep(older_than=timedelta(0))] == ["followed"]
    assert [status(heir) for heir in crashed] == ["rejected", "approved"]


def test_a_crash_in_an_upload_that_was_recognised_is_recorded_as_such(settle, rules, constant):
    first = settle("reject")
    [asset] = Asset.objects.bulk_create([Asset(file=upload(body=ORIGINAL))])
    assert [m.finding.value for m in sweep(older_than=timedelta(0))] == ["recorded"]
    scan = Scan.objects.get(object_pk=str(asset.pk))
    assert (scan.status, scan.known.decision.scan) == ("rejected", first)


@pytest.mark.parametrize("outcome", OPPOSITE)
@pytest.mark.parametrize(
    "body", [ORIGINAL, COPIES["smaller"]], ids=["the same bytes", "a similar picture"]
)
def test_what_inherited_waits_again_when_the_decision_is_undone(
    body, outcome, settle, send, rules, moderator
):
    first = settle(outcome)
    rules(similar="apply")
    heir = send(body)
    assert heir.status == STATUS[outcome]
    back = undo(Decision.objects.get(), moderator=moderator)
    assert [status(first), status(heir)] == ["held", "held"]
    assert body not in public().values()
    assert sorted(held()) == sorted([ORIGINAL, body])
    assert journalled() == []
    record = Decision.objects.get(scan=heir)
    assert (record.action, record.inherited_from, record.moderator_name) == ("undo", back, "")
    assert (record.from_status, record.to_status) == (STATUS[outcome], "held")
    known = KnownImage.objects.get()
    assert (known.is_undone, known.decision, known.revoked_at is None) == (True, back, False)
    assert send(body).known is None
    assert list(sweep(older_than=timedelta(0))) == []


@pytest.mark.parametrize("outcome", OPPOSITE)
def test_what_the_decision_before_said_is_known_again(outcome, settle, send, decide, moderator):
    first = settle(outcome)
    before = Decision.objects.get()
    heir = send(ORIGINAL)
    made = decide(OPPOSITE[outcome], first)
    later = send(ORIGINAL)
    assert {status(heir), status(later)} == {STATUS[OPPOSITE[outcome]]}
    undo(made, moderator=moderator)
    assert [status(scan) for scan in (first, heir, later)] == [STATUS[outcome]] * 3
    known = KnownImage.objects.in_force().get()
    assert (known.outcome, known.decision) == (outcome, before)
    assert Decision.objects.filter(scan=later).get().inherited_from == before
    undo(before, moderator=moderator)
    assert [status(scan) for scan in (first, heir, later)] == ["held"] * 3
    assert list(sweep(older_than=timedelta(0))) == []


def test_a_decision_about_another_scan_of_the_same_bytes_is_known_as_before(
    send, decide, rules, moderator
):
    rules(exact="ignore", similar="ignore")
    scans = [send(ORIGINAL, answer=0.8) for _ in range(2)]
    first, second = decide("reject", scans[0]), decide("approve", scans[1])
    undo(first, moderator=moderator)
    assert KnownImage.objects.in_force().get().decision == second
    undo(second, moderator=moderator)
    assert KnownImage.objects.get().is_undone
    assert [status(scan) for scan in scans] == ["held", "held"]


def test_a_moderators_own_word_about_an_heir_stands_until_it_is_undone(
    settle, send, decide, moderator
):
    settle("reject")
    first = Decision.objects.get()
    heir = send(ORIGINAL)
    own = decide("approve", heir)
    undo(first, moderator=moderator)
    assert status(heir) == "approved"
    assert KnownImage.objects.in_force().get().decision == own
    undo(own, moderator=moderator)  # back to what it inherited, which is not known any more
    assert status(heir) == "held"
    assert list(sweep(older_than=timedelta(0))) == []


def test_who_undoes_what_was_inherited_has_the_last_word(settle, send, decide, moderator):
    first = settle("reject")
    heir = send(ORIGINAL)
    decide("approve", first)
    undo(Decision.objects.get(scan=heir), moderator=moderator)
    assert (status(first), status(heir)) == ("approved", "rejected")
    assert KnownImage.objects.in_force().get().outcome == "approve"
    assert list(sweep(older_than=timedelta(0))) == []


def test_what_was_undone_is_not_reinstated_but_decided(settle, decide, moderator):
    first = settle("reject")
    undo(Decision.objects.get(), moderator=moderator)
    assert KnownImage.objects.all().reinstate() == 0
    made = decide("approve", first)
    assert KnownImage.objects.in_force().get().decision == made


def test_what_is_revoked_stays_so_when_its_decision_is_undone(settle, decide, moderator):
    first = settle("reject")
    made = decide("approve", first)
    KnownImage.objects.all().revoke()
    undo(made, moderator=moderator)
    assert not KnownImage.objects.in_force().exists()
    assert KnownImage.objects.all().reinstate() == 1
    assert KnownImage.objects.in_force().get().outcome == "reject"


def test_the_sweep_brings_back_what_a_crash_left_behind(settle, send, moderator, monkeypatch):
    settle("reject")
    heirs = [send(ORIGINAL), send(ORIGINAL)]
    with monkeypatch.context() as patch:
        patch.setattr(decisions, "follow_known", lambda known: None)
        back = undo(Decision.objects.get(), moderator=moderator)
    assert [status(heir) for heir in heirs] == ["rejected", "rejected"]
    assert list(sweep()) == []
    found = list(sweep(older_than=timedelta(0), dry_run=True))
    assert [m.finding.value for m in found] == ["followed"] * 2
    assert list(sweep(older_than=timedelta(0))) == found
    assert [status(heir) for heir in heirs] == ["held", "held"]
    assert {d.inherited_from for d in Decision.objects.filter(scan__in=heirs)} == {back}
    assert list(sweep(older_than=timedelta(0))) == []
