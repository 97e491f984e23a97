"""A decision is taken back: files and scans stand where they stood, and the log says so."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction

from django_nsfw.decisions import approve, escalate, reject, undo, undo_batch
from django_nsfw.exceptions import DecisionRefused
from django_nsfw.models import Decision, KnownImage, Scan
from django_nsfw.retention import prune
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import picture, upload
from tests.decisions.ways import BODY, Status, in_status, scan_of, shown
from tests.folders import held, journalled, public
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

VERBS = {"approve": approve, "reject": reject}
WAYS = [
    (Status.HELD, approve),
    (Status.HELD, reject),
    (Status.FLAGGED, approve),
    (Status.FLAGGED, reject),
    (Status.CLEAR, reject),
    (Status.APPROVED, reject),
    (Status.REJECTED, approve),
]


def again():
    return Scan.objects.current().get()


def refused(code):
    return pytest.raises(DecisionRefused, check=lambda error: error.code == code)


@pytest.mark.parametrize(("stood", "decide"), WAYS, ids=str)
def test_everything_stands_where_it_stood(stood, decide, constant, moderator):
    photo, scan = in_status(stood, constant, moderator)
    before = shown(photo)
    decision = decide(scan, moderator=moderator)
    back = undo(decision, moderator=None, note="a slip")
    scan = again()
    assert scan.status == stood
    assert (shown(photo) == BODY) is (before == BODY) is (stood not in Scan.HIDDEN)
    assert len(public()) == 1
    assert (held(), journalled()) == ([BODY] if stood in Scan.HIDDEN else [], [])
    assert (back.action, back.undoes, back.note, back.moderator) == (
        "undo", decision, "a slip", None
    )  # fmt: skip
    assert (back.from_status, back.to_status) == (decision.to_status, stood)
    assert Decision.objects.get(pk=decision.pk).undone == back
    assert list(sweep(older_than=timedelta(0))) == []


def test_what_comes_back_has_a_name_that_was_never_served(clear, moderator):
    names = [scan_of(clear).name]
    for _ in range(2):
        decision = reject(scan_of(clear), moderator=moderator)
        names.append(scan_of(clear).name)
        undo(decision, moderator=moderator)
        names.append(scan_of(clear).name)
        assert shown(clear) == BODY
    assert len(set(names)) == len(names)


def test_one_after_the_other_from_the_last(photo, moderator):
    scan = scan_of(photo)
    made = [verb(scan, moderator=moderator) for verb in (approve, reject, approve)]
    statuses = []
    for decision in reversed(made):
        undo(decision, moderator=moderator)
        statuses.append(again().status)
    assert statuses == ["rejected", "approved", "held"]
    assert not KnownImage.objects.in_force().exists()
    decision = approve(scan_of(photo), moderator=moderator)  # and it can be decided anew
    assert (shown(photo), KnownImage.objects.in_force().get().decision) == (BODY, decision)


def test_only_the_latest_can_be_undone_and_the_refusal_says_who_decided_since(
    photo, moderator, django_user_model
):
    ann = django_user_model.objects.create_user("ann")
    first = approve(scan_of(photo), moderator=moderator)
    second = reject(scan_of(photo), moderator=ann)
    with refused("later") as error:
        undo(first, moderator=moderator)
    assert str(error.value) == (
        f"It was decided upon since: ann rejected it (decision #{second.pk})."
    )
    back = undo(second, moderator=ann)
    with refused("undone") as error:
        undo(second, moderator=moderator)
    assert str(error.value) == (
        f"It is undone already: ann undid what was decided (decision #{back.pk})."
    )
    with refused("undone") as error:
        undo(back, moderator=moderator)
    assert str(error.value) == "What was undone is decided anew, not undone again."
    assert again().status == "approved"


def test_what_retention_deleted_cannot_come_back(photo, moderator):
    decision = reject(scan_of(photo), moderator=moderator)
    assert len(list(prune({"rejected": 0}))) == 1
    with refused("pruned"):
        undo(decision, moderator=moderator)
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        (lambda photo: photo.delete(), "status", "gone"),
        (lambda photo: Photo.objects.all()._raw_delete("default"), "gone", "gone"),
        (lambda photo: Photo.objects.update(image="other.jpg"), "superseded", "superseded"),
    ],
    ids=["deleted", "deleted behind our back", "another file"],
)
def test_nothing_to_go_back_to(change, code, status, photo, moderator):
    decision = approve(scan_of(photo), moderator=moderator)
    change(Photo.objects.get())
    with refused(code):
        undo(decision, moderator=moderator)
    assert Scan.objects.earliest("pk").status == status
    assert not Decision.objects.filter(action="undo").exists()


def test_other_bytes_under_the_name_are_never_hidden_as_the_old_ones(photo, moderator, storages):
    decision = approve(scan_of(photo), moderator=moderator)
    (storages / "media" / again().name).write_bytes(picture(seed=42))
    with refused("changed"):
        undo(decision, moderator=moderator)
    assert Scan.objects.filter(status="superseded").count() == 1
    assert again().status == "held"  # the other bytes were looked at


def test_copies_go_back_together_each_where_it_stood(photo, moderator):
    clone = Photo.objects.get()
    clone.pk, clone._state.adding = None, True
    clone.save()
    first, second = approve(scan_of(photo), moderator=moderator), Decision.objects.latest("pk")
    later = Photo.objects.get(pk=photo.pk)
    later.pk, later._state.adding = None, True
    later.save()  # a copy of the approved one, upon which nobody decided
    undo(second, moderator=moderator)
    assert set(Scan.objects.values_list("status", flat=True)) == {"held"}
    assert held() == [BODY]
    assert len({shown(photo), shown(clone), shown(later)} - {BODY}) == 1
    undos = Decision.objects.filter(action="undo").order_by("pk")
    assert {made.undoes for made in undos} == {first, second, None}
    with refused("undone"):
        undo(first, moderator=moderator)
    assert not KnownImage.objects.in_force().exists()


def test_copies_that_stood_differently_do_so_again(clear, moderator):
    clone = Photo.objects.get()
    clone.pk, clone._state.adding = None, True
    clone.save()
    Scan.objects.filter(object_pk=str(clone.pk)).update(status="flagged")
    undo(reject(scan_of(clear), moderator=moderator), moderator=moderator)
    assert (scan_of(clear).status, scan_of(clone).status) == ("clear", "flagged")
    assert shown(clear) == shown(clone) == BODY


def test_what_a_worker_had_not_scored_waits_for_one_again(constant, moderator, settings):
    settings.NSFW_RUNNER = "tests.background.post.Post"
    photo = Photo.objects.create(image=upload(body=BODY))
    decision = approve(scan_of(photo), moderator=moderator)
    Scan.objects.update(attempts=3)
    undo(decision, moderator=moderator)
    assert (again().status, again().attempts, again().lease_until) == ("pending", 0, None)
    decision = approve(scan_of(photo), moderator=moderator)
    Scan.objects.update(scored_at=again().created_at, nsfw=0.1)
    undo(decision, moderator=moderator)
    assert again().status == "held"


def test_one_that_is_rolled_back_leaves_whole_files(photo, moderator):
    decision = approve(scan_of(photo), moderator=moderator)
    with pytest.raises(RuntimeError), transaction.atomic():
        undo(decision, moderator=moderator)
        raise RuntimeError
    assert shown(photo) == BODY
    assert [m.finding for m in sweep(older_than=timedelta(0))] == [Finding.UNDONE]
    assert (list(public().values()), held(), journalled()) == ([BODY], [], [])
    assert KnownImage.objects.in_force().get().decision == decision


class TestBatches:
    @pytest.fixture
    def batch(self, constant, moderator):
        constant.answer = 0.8
        batch = uuid.uuid4()
        for seed in range(3):
            photo = Photo.objects.create(image=upload(seed=seed))
            approve(scan_of(photo), moderator=moderator, batch=batch)
        return batch

    def test_each_goes_back_on_its_own_and_the_results_are_told_apart(self, batch, moderator):
        decisions = list(Decision.objects.order_by("-pk"))
        newer = reject(decisions[1].scan, moderator=moderator)
        results = list(undo_batch(batch, moderator=moderator, note="wrong tab"))
        assert [result.decision for result in results] == decisions
        assert [bool(result.undo) for result in results] == [True, False, True]
        assert str(results[1].error) == (
            f"It was decided upon since: mo rejected it (decision #{newer.pk})."
        )
        undos = [result.undo for result in results if result.undo]
        assert {made.note for made in undos} == {"wrong tab"}
        assert len({made.batch for made in undos} - {None, batch}) == 1
        statuses = list(Scan.objects.order_by("-pk").values_list("status", flat=True))
        assert statuses == ["held", "rejected", "held"]

    def test_copies_that_went_along_are_results_as_well(self, photo, moderator):
        clone = Photo.objects.get()
        clone.pk, clone._state.adding = None, True
        clone.save()
        batch = uuid.uuid4()
        reject(scan_of(photo), moderator=moderator, batch=batch)
        results = list(undo_batch(batch, moderator=moderator))
        assert [(result.undo.undoes, result.error) for result in results] == [
            (decision, None)
            for decision in Decision.objects.filter(action="reject").order_by("-pk")
        ]

    def test_an_unknown_one_is_empty(self, db, moderator):
        assert list(undo_batch(uuid.uuid4(), moderator=moderator)) == []


class TestVersions:
    @pytest.mark.parametrize("verb", [approve, reject, escalate], ids=lambda verb: verb.__name__)
    def test_a_decision_on_what_was_seen_is_taken(self, verb, photo, moderator):
        scan = scan_of(photo)
        assert verb(scan, moderator=moderator, version=scan.version).pk

    def test_a_stale_one_is_refused_with_who_decided_what_since(self, photo, moderator):
        version = scan_of(photo).version
        made = [escalate(scan_of(photo), moderator=moderator)]
        made.append(approve(scan_of(photo), moderator=None))
        said = (
            f"It changed since you looked: mo escalated it (decision #{made[0].pk}), "
            f"a program approved it (decision #{made[1].pk})."
        )
        for verb in (approve, reject, escalate):
            with refused("stale") as error:
                verb(scan_of(photo), moderator=moderator, version=version)
            assert str(error.value) == said
        with refused("stale"):
            undo(made[1], moderator=moderator, version=version)
        assert undo(made[1], moderator=moderator, version=scan_of(photo).version).pk

    def test_who_read_the_scan_before_is_told_the_same(self, photo, moderator):
        scan = scan_of(photo)
        version = scan.version
        made = reject(scan_of(photo), moderator=moderator)
        with refused("stale") as error:
            approve(scan, moderator=moderator, version=version)
        assert f"mo rejected it (decision #{made.pk})" in str(error.value)
        assert again().status == "rejected"

    @pytest.mark.parametrize(
        "version", ["", "x", "held.x", "held." + "9" * 40, "clear.0", "held.²"]
    )
    def test_anything_else_is_stale(self, version, photo, moderator):
        with refused("stale") as error:
            approve(scan_of(photo), moderator=moderator, version=version)
        assert str(error.value) == (
            "It changed since you looked: it is “held, awaiting review” by now."
        )

    def test_a_whole_list_knows_its_versions_in_one_query(
        self, photo, moderator, django_assert_num_queries
    ):
        escalate(scan_of(photo), moderator=moderator)
        with django_assert_num_queries(1):
            [listed] = [scan.version for scan in Scan.objects.with_versions()]
        assert listed == again().version


class TestEscalating:
    def test_it_is_marked_and_goes_on_waiting(self, photo, moderator):
        before = shown(photo)
        made = escalate(scan_of(photo), moderator=moderator, note="a child?")
        assert (made.action, made.from_status, made.to_status) == ("escalate", "held", "held")
        assert made.note == "a child?"
        assert list(Scan.objects.escalated()) == [again()]
        assert (shown(photo), again().status) == (before, "held")
        assert not KnownImage.objects.exists()

    def test_twice_is_refused(self, photo, moderator):
        escalate(scan_of(photo), moderator=moderator)
        with refused("escalated"):
            escalate(scan_of(photo), moderator=moderator)
        assert Decision.objects.count() == 1

    @pytest.mark.parametrize("status", [Status.CLEAR, Status.APPROVED, Status.REJECTED], ids=str)
    def test_what_does_not_wait_is_refused(self, status, constant, moderator):
        _, scan = in_status(status, constant, moderator)
        with refused("status"):
            escalate(scan, moderator=moderator)

    @pytest.mark.parametrize("decide", VERBS.values(), ids=VERBS)
    def test_settling_it_clears_the_mark_and_undoing_that_sets_it_again(
        self, decide, photo, moderator
    ):
        made = escalate(scan_of(photo), moderator=moderator)
        decision = decide(scan_of(photo), moderator=moderator)
        assert again().escalated_at is None
        undo(decision, moderator=moderator)
        assert again().escalated_at == made.created_at
        undo(made, moderator=moderator)
        assert (again().escalated_at, again().status) == (None, "held")
        assert not Scan.objects.escalated().exists()
        escalate(scan_of(photo), moderator=moderator)
