"""Several people at the same moment, each on a connection of their own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from django_nsfw import decisions
from django_nsfw.exceptions import DecisionRefused
from django_nsfw.models import Decision, Scan
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Photo

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "second"]),
    pytest.mark.skipif(
        connection.vendor == "sqlite",
        reason="SQLite has one writer at a time; tests/crashes races processes on it",
    ),
]

BODY, OTHER = picture(seed=71), picture(seed=72)
PATIENCE = 20
"""Seconds after which a test that should not wait is stuck."""


@pytest.fixture
def photo(constant):
    constant.answer = 0.8
    return Photo.objects.create(image=upload(body=BODY))


def together(*deeds):
    """What each gave or raised; all begin at once, in threads with connections of their own."""
    gate = threading.Barrier(len(deeds))

    def run(deed):
        try:
            connection.ensure_connection()
            gate.wait(PATIENCE)
            return deed()
        except Exception as error:  # noqa: BLE001 - what the test is about
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result(PATIENCE * 2) for future in [pool.submit(run, d) for d in deeds]]


class Elsewhere:
    """A transaction of somebody else that stays open until ``finish()``."""

    def __init__(self, deed, *, using="default"):
        self._done, self._go = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._future = self._pool.submit(self._run, deed, using)
        assert self._done.wait(PATIENCE)

    def _run(self, deed, using):
        try:
            with transaction.atomic(using=using):
                try:
                    deed()
                finally:
                    self._done.set()
                self._go.wait(PATIENCE)
        finally:
            connections.close_all()

    def finish(self):
        self._go.set()
        self._future.result(PATIENCE)
        self._pool.shutdown()


def decide(verb, scan):
    return lambda: getattr(decisions, verb)(scan, moderator=None)


def whole():
    """Every object shows a file that is there, and nothing lies about."""
    named = set(Photo.objects.values_list("image", flat=True))
    assert named == set(public())
    assert journalled() == []
    assert list(sweep(older_than=timedelta(0), verify=True)) == []


@pytest.mark.parametrize("round_", range(3))
@pytest.mark.parametrize(
    "verbs", [("approve", "approve"), ("approve", "reject"), ("reject", "reject")], ids=" and ".join
)
def test_of_two_decisions_one_wins_and_the_other_is_told(verbs, round_, photo):
    scans = [Scan.objects.get() for _ in verbs]
    outcomes = together(*map(decide, verbs, scans))
    [winner] = [o for o in outcomes if isinstance(o, Decision)]
    [loser] = [o for o in outcomes if not isinstance(o, Decision)]
    assert isinstance(loser, DecisionRefused), loser
    assert (loser.code, str(loser)) == ("settled", "Somebody else settled it meanwhile.")
    assert Decision.objects.get() == winner
    assert Scan.objects.get().status == winner.to_status
    assert (BODY in public().values()) is (winner.action == "approve")
    assert (held() == [BODY]) is (winner.action == "reject")
    whole()


@pytest.mark.parametrize("round_", range(3))
def test_decisions_on_two_objects_that_share_a_file_wait_for_each_other(round_, photo):
    clones = []
    for _ in range(3):
        clone = Photo.objects.get(pk=photo.pk)
        clone.pk, clone._state.adding = None, True
        clone.save()
        clones.append(clone)
    scans = list(Scan.objects.order_by("pk"))
    assert len(scans) == 4
    outcomes = together(*(decide("approve", scan) for scan in (scans[0], scans[3], scans[1])))
    winners = [o for o in outcomes if isinstance(o, Decision)]
    assert len(winners) == 1, outcomes
    assert {o.code for o in outcomes if not isinstance(o, Decision)} == {"settled"}
    assert set(Scan.objects.values_list("status", flat=True)) == {"approved"}
    assert Decision.objects.count() == 4
    assert list(public().values()) == [BODY]
    whole()


@pytest.mark.parametrize("round_", range(4))
@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_an_upload_is_never_the_victim_of_a_decision(verb, round_, photo):
    scan = Scan.objects.get()

    def replace():
        mine = Photo.objects.get(pk=photo.pk)
        with transaction.atomic():
            mine.image = upload("dog.jpg", body=OTHER)
            mine.save()

    outcome, replaced = together(decide(verb, scan), replace)
    assert replaced is None, replaced
    assert isinstance(outcome, Decision) or outcome.code in ("superseded", "settled"), outcome
    [now] = Scan.objects.current()
    assert (now.status, now.name) == ("held", Photo.objects.get().image.name)
    assert OTHER not in public().values()
    assert OTHER in held()
    if not isinstance(outcome, Decision):
        assert BODY in held()
        assert BODY not in public().values()


@pytest.mark.parametrize("commit", [True, False], ids=["committed", "rolled back"])
def test_a_decision_waits_for_an_upload_that_replaces_its_file(commit, photo):
    scan = Scan.objects.get()

    def replace():
        mine = Photo.objects.get(pk=photo.pk)
        mine.image = upload("dog.jpg", body=OTHER)
        mine.save()
        if not commit:
            transaction.set_rollback(True)

    uploading = Elsewhere(replace)
    with ThreadPoolExecutor(1) as pool:
        deciding = pool.submit(together, decide("approve", scan))
        uploading_ends = threading.Timer(0.5, uploading.finish)
        uploading_ends.start()
        [outcome] = deciding.result(PATIENCE)
    uploading_ends.join()
    if commit:
        assert (outcome.code, str(outcome)) == ("superseded", "The object has another file now.")
        assert sorted(held()) == sorted([BODY, OTHER])
        assert BODY not in public().values()
    else:
        assert isinstance(outcome, Decision)
        assert Photo.objects.get().image.name in public()
        assert BODY in public().values()


@pytest.mark.parametrize("round_", range(3))
def test_the_same_bytes_from_two_people_are_two_uploads(round_, constant):
    constant.answer = 0.8
    outcomes = together(*[lambda: Photo.objects.create(image=upload(body=BODY))] * 2)
    assert all(isinstance(outcome, Photo) for outcome in outcomes), outcomes
    assert Scan.objects.filter(status="held").count() == 2
    assert held() == [BODY, BODY]
    whole()


@pytest.fixture
def repeating():
    """As a site may have it: what a transaction read once, it reads again."""
    level = "TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    if connection.vendor == "postgresql":
        level = f"SESSION CHARACTERISTICS AS {level}"
    else:
        level = f"SESSION {level}"
    with connection.cursor() as cursor:
        cursor.execute(f"SET {level}")
    yield
    connection.close()


def test_a_request_that_repeats_its_reads_is_told_too(repeating, photo):
    """With ``ATOMIC_REQUESTS``, in a transaction that began before the other decision."""
    scan = Scan.objects.get()
    with pytest.raises(DecisionRefused) as refused, transaction.atomic():
        assert Photo.objects.count() == Scan.objects.count() == 1
        [winner] = together(decide("reject", Scan.objects.get()))
        assert isinstance(winner, Decision)
        decisions.approve(scan, moderator=None)
    assert refused.value.code in ("settled", "busy")
    assert Scan.objects.get().status == "rejected"
    assert BODY not in public().values()
    whole()


def test_a_moderator_who_loses_a_deadlock_is_told_and_nothing_is_published(photo, constant):
    other = Photo.objects.create(image=upload("dog.jpg", body=OTHER))
    first, second = Scan.objects.order_by("pk")
    gate = threading.Barrier(2)

    def both(one, two):
        with transaction.atomic():
            decisions.approve(one, moderator=None)
            gate.wait(PATIENCE)
            decisions.approve(two, moderator=None)

    again = Scan.objects.order_by("pk")
    outcomes = together(lambda: both(first, second), lambda: both(*reversed(list(again))))
    assert sum(outcome is None for outcome in outcomes) <= 1, outcomes
    assert other.pk
    for photo_ in Photo.objects.all():
        assert photo_.image.name in public()
    approved = set(Scan.objects.filter(status="approved").values_list("name", flat=True))
    list(sweep(older_than=timedelta(0)))
    bodies = {name: body for name, body in public().items() if body in (BODY, OTHER)}
    assert set(bodies) == approved


SOON = timedelta(0)


@pytest.mark.parametrize("commit", [True, False], ids=["committed", "rolled back"])
def test_a_sweep_waits_for_an_upload_that_is_about_to_commit(commit, constant):
    constant.answer = 0.8

    def save():
        Photo.objects.create(image=upload(body=BODY))
        transaction.set_rollback(not commit)

    uploading = Elsewhere(save)
    timer = threading.Timer(0.5, uploading.finish)
    timer.start()
    [found] = sweep(older_than=SOON)
    timer.join()
    assert found.finding.value == ("settled" if commit else "kept")
    assert Scan.objects.get().status == ("held" if commit else "gone")
    assert (held(), journalled()) == ([BODY], [])
    assert BODY not in public().values()


@pytest.mark.parametrize("way", ["save", "bulk_create"])
@pytest.mark.parametrize("using", ["default", "second"])
def test_a_sweep_that_is_too_early_loses_nothing(way, using, constant):
    constant.answer = 0.8
    photo = Photo(image=upload(body=BODY))
    photo.image.save("cat.jpg", upload(body=BODY), save=False)
    [found] = sweep(older_than=SOON)
    assert found.finding.value == "kept"
    if way == "save":
        photo.save(using=using)
    else:
        Photo.objects.using(using).bulk_create([photo])
        assert [m.finding.value for m in sweep(older_than=SOON, verify=True)] == ["recorded"]
    scan = Scan.objects.get()
    assert (scan.status, scan.object_db, scan.name) == ("held", using, photo.image.name)
    assert photo.image.name in public()
    assert list(sweep(older_than=SOON, verify=True)) == []
    decisions.approve(scan, moderator=None)
    assert list(public().values()) == [BODY]


def test_a_sweep_waits_for_a_decision_that_is_about_to_commit(photo):
    deciding = Elsewhere(lambda: decisions.approve(Scan.objects.get(), moderator=None))
    timer = threading.Timer(0.5, deciding.finish)
    timer.start()
    findings = [m.finding.value for m in sweep(older_than=SOON)]
    timer.join()
    assert findings in (["finished"], [])
    assert list(public().values()) == [BODY]
    whole()
