"""Runs that stop before their end, for a reason that is not a file's own, and go on later."""

import hashlib
import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from django_nsfw.exceptions import StorageDied
from django_nsfw.models import Chunk, ClaimedBytes, Run, Scan
from django_nsfw.rescans import claims, lookups, recording, runs, workers
from django_nsfw.rescans.progress import Progress
from django_nsfw.rescans.runs import targets_of
from django_nsfw.rescans.scoring import MOST_FAILURES, Workshop
from django_nsfw.rescans.selection import Selection
from django_nsfw.rescans.targets import find_targets
from tests.conftest import picture
from tests.detectors_for_tests import ConstantDetector
from tests.folders import held
from tests.rescans.conftest import rescan, stored
from tests.rescans.storages import DownStorage

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


@pytest.fixture
def storage(settings):
    """Of the media, or of the quarantine."""

    def use(alias="default"):
        spec = settings.STORAGES[alias]
        backend = f"{DownStorage.__module__}.DownStorage"
        settings.STORAGES = {**settings.STORAGES, alias: {**spec, "BACKEND": backend}}
        return DownStorage

    yield use
    DownStorage.down, DownStorage.seconds = False, 0.0
    DownStorage.opened.clear()


def go_on():
    run = Run.objects.get()
    workers.work(run, worker="another", stop=lambda: False)
    run.refresh_from_db()
    return run


def test_what_an_interrupted_worker_had_not_held_yet_is_held_by_the_next(constant, monkeypatch):
    constant.answer = 0.8
    for n in range(5):
        stored(f"{n}.jpg", seed=n)
    settle, moved = recording.settle, []

    def interrupted(*args, **kwargs):
        if len(moved) == 2:
            raise KeyboardInterrupt
        moved.append(settle(*args, **kwargs))

    with monkeypatch.context() as patch:
        patch.setattr(recording, "settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            rescan("host.Photo", unscanned=True)
    assert Scan.objects.filter(status="flagged").count() == 3, "public until they are moved"
    assert Chunk.objects.get().attempts == 0, "nobody died"
    run = go_on()
    assert run.status == "finished"
    assert set(Scan.objects.values_list("status", flat=True)) == {"held"}
    assert len(held()) == 5
    assert ConstantDetector.inferences == 5


def test_files_that_leave_no_trace_are_counted_once(constant):
    stored("gone.jpg", b"")
    for n in range(3):
        stored(f"{n}.jpg", seed=n)
    asked = iter([False, False, False, False])
    rescan("host.Photo", stop=lambda: next(asked, True))
    assert Chunk.objects.get().counts["missing"] == 1
    assert go_on().counts == {"rows": 4, "chosen": 4, "missing": 1, "scored": 3, "clear": 3}
    assert len(Chunk.objects.get().troubles) == 1


@pytest.mark.parametrize("batch_size", [500, 5])
def test_a_storage_that_is_down_stops_the_run_and_nothing_is_lost(constant, storage, batch_size):
    down = storage()
    for n in range(60):
        stored(f"{n}.jpg", seed=n)
    down.down = True
    with pytest.raises(StorageDied) as stopped:
        rescan("host.Photo", unscanned=True, batch_size=batch_size)
    assert str(stopped.value) == (
        f"{MOST_FAILURES} files in a row could not be read, the last because of "
        "OSError: no route to host."
    )
    assert (Scan.objects.count(), Run.objects.get().status) == (0, "running")
    down.down = False
    assert go_on().status == "finished"
    assert Scan.objects.filter(status="clear").count() >= 60 - MOST_FAILURES
    again = rescan("host.Photo", unscanned=True)
    assert again.counts.get("failed", 0) == 0
    assert Scan.objects.filter(status="clear").count() == 60


def test_a_quarantine_that_is_down_stops_the_run_and_all_is_held_later(constant, storage):
    down = storage("nsfw_quarantine")
    constant.answer = 0.8
    for n in range(30):
        stored(f"{n}.jpg", seed=n)
    down.down = True
    with pytest.raises(StorageDied, match=f"^{MOST_FAILURES} files in a row could not be moved"):
        rescan("host.Photo", unscanned=True)
    assert set(Scan.objects.values_list("status", flat=True)) == {"flagged"}
    down.down = False
    run = go_on()
    assert (run.status, Scan.objects.filter(status="held").count()) == ("finished", 30)
    assert ConstantDetector.inferences == 30


def test_a_file_here_and_there_that_cannot_be_read_stops_nothing(constant, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "tests.rescans.storages.TornStorage"},
    }
    for _ in range(MOST_FAILURES):
        stored("torn.jpg", seed=1)
        stored("gone.jpg", b"")
    run = rescan("host.Photo")
    assert (run.counts["failed"], run.counts["missing"]) == (MOST_FAILURES, MOST_FAILURES)


def test_the_command_says_how_to_go_on(constant, storage):
    down = storage()
    for n in range(MOST_FAILURES):
        stored(f"{n}.jpg", seed=n)
    down.down = True
    err = io.StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("nsfw_rescan", "host.Photo", stderr=err, stdout=io.StringIO())
    assert left.value.code == 3
    run = Run.objects.get().pk
    assert f"{MOST_FAILURES} files in a row could not be read" in err.getvalue()
    assert f"Go on with: manage.py nsfw_rescan --resume {run}" in err.getvalue()
    down.down = False
    call_command("nsfw_rescan", resume=run, stderr=err, stdout=io.StringIO())
    assert Scan.objects.count() == MOST_FAILURES


def test_a_storage_that_takes_its_time_costs_no_lease(constant, storage, settings):
    slow = storage()
    settings.NSFW_LIMITS = {"timeout": 0.5}
    settings.NSFW_BACKGROUND = {"lease": 1}
    stored("a.jpg")
    slow.seconds = 3
    run = rescan("host.Photo")
    assert (run.status, Scan.objects.count()) == ("finished", 1)
    assert Chunk.objects.get().attempts == 1


def test_what_another_worker_scores_is_not_fetched_until_it_is_there(
    constant, storage, monkeypatch
):
    opened = storage().opened
    for n in range(2):
        stored(f"{n}.jpg", seed=1)
    looks = []
    with_others = lookups.with_others

    def asked(chunk, keys):
        busy = with_others(chunk, keys)
        looks.append(busy)
        if len(looks) == 3:  # the other one dies
            Chunk.objects.filter(worker="other").update(lease_until=timezone.now())
        return busy

    run = start_with_another_at_work(seconds=600)
    monkeypatch.setattr(lookups, "with_others", asked)
    workers.work(run, worker="test", stop=lambda: len(looks) > 4)
    assert [len(busy) for busy in looks[:4]] == [1, 1, 1, 0]
    assert opened["1.jpg"] == 2, "to know its bytes, and to score them"


def start_with_another_at_work(seconds):
    run = runs.start(find_targets(["host.Photo"]), Selection(batch_size=1))
    chunk = claims.claim(run, targets_of(run), "other")
    with Workshop() as workshop:
        identity = workshop.identity("default")
    ClaimedBytes.objects.create(
        run=run, chunk=chunk, sha256=hashlib.sha256(picture(seed=1)).hexdigest(), detector=identity
    )
    later = timezone.now() + timedelta(seconds=seconds)
    Chunk.objects.filter(pk=chunk.pk).update(lease_until=later)
    return run


def test_progress_never_says_more_than_there_is(constant):
    stored("a.jpg")
    run = rescan("host.Photo")
    Run.objects.update(counts={"rows": 1, "chosen": 3})  # what a dead worker left, counted again
    said = Progress(run)
    said._before = {}
    assert said.line().startswith("1 of 1 rows (100%), ")
    assert said.line().endswith(" images/s, 0 s left")
