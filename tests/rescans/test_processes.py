"""Real processes at one run: several at once, interrupted, and killed in the middle."""

import json
import signal
from datetime import timedelta

import pytest

from django_nsfw.models import Chunk, ClaimedBytes, Run, Scan
from django_nsfw.sweeping import sweep
from tests.folders import held, public
from tests.host.models import Photo
from tests.rescans.conftest import fill, stored
from tests.rescans.site import alive, children, kill

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def all_are_scanned(number, status="clear"):
    """Every photo by one scan of its own, and nothing is left lying about."""
    photos = {str(pk): name for pk, name in Photo.objects.values_list("pk", "image")}
    scans = Scan.objects.values_list("object_pk", "name", "status")
    assert len(photos) == number
    assert sorted(scans) == sorted((pk, name, status) for pk, name in photos.items())
    assert set(public()) == set(photos.values())
    assert not ClaimedBytes.objects.exists()


def test_several_workers_share_a_run_and_score_nothing_twice(site):
    fill(60)
    site.pace(0.1)  # on a busy machine the third begins a second after the first
    code, out, err = site.run(
        "host.Photo", "--unscanned", "--workers", "3", "--batch-size", "5", "--format", "json"
    )
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert (said["status"], said["scored"], said["clear"]) == ("finished", 60, 60)
    all_are_scanned(60)
    assert set(site.seen().values()) == {1}
    assert len(site.seen()) == 60
    assert Chunk.objects.values("worker").distinct().count() == 3


def test_same_bytes_are_scored_once_by_several_workers(site):
    for n in range(40):
        stored(f"{n}.jpg", seed=n % 2)
    site.pace(0.3)
    code, _, err = site.run("host.Photo", "--workers", "3", "--batch-size", "2")
    assert code == 0, err
    all_are_scanned(40)
    assert list(site.seen().values()) == [1, 1]


def test_a_worker_that_is_killed_costs_nothing_but_what_it_was_at(site):
    fill(60)
    site.pace(0.03)
    process = site.start("host.Photo", "--workers", "2", "--batch-size", "5", "--format", "json")
    site.wait_until(lambda: len(site.seen()) >= 10)
    victim = children(process.pid)[0]
    kill(victim)
    code, out, err = site.end(process)
    assert code == 0, err
    assert f"Worker {victim} was killed by SIGKILL; others do what it had." in err
    assert json.loads(out)["status"] == "finished"
    all_are_scanned(60)
    assert Chunk.objects.filter(attempts=2).count() <= 1  # none, if it was between two chunks


def test_a_run_whose_only_process_was_killed_is_resumed(site):
    fill(60)
    site.pace(0.03)
    process = site.start("host.Photo", "--batch-size", "20")
    site.wait_until(lambda: len(site.seen()) >= 25)
    kill(process.pid)
    assert site.end(process)[0] == -signal.SIGKILL
    run = Run.objects.get()
    assert run.status == "running"
    assert 0 < Scan.objects.count() < 60
    code, out, err = site.run("--resume", str(run.pk), "--format", "json")
    assert code == 0, err
    assert json.loads(out)["status"] == "finished"
    all_are_scanned(60)


def test_killed_while_it_holds_what_it_finds(site):
    fill(40)
    site.pace(0.0, answer=0.8)
    process = site.start("host.Photo", "--batch-size", "20")
    site.wait_until(lambda: Scan.objects.filter(status="held").count() >= 5)
    kill(process.pid)
    site.end(process)
    assert Scan.objects.filter(status="held").count() < 40
    code, _, err = site.run("--resume", str(Run.objects.get().pk))
    assert code == 0, err
    list(sweep(older_than=timedelta(0)))
    all_are_scanned(40, "held")
    assert len(held()) == 40
    assert list(sweep(older_than=timedelta(0), verify=True)) == []


def test_ctrl_c_gives_the_chunk_back_and_says_how_to_go_on(site):
    fill(60)
    site.pace(0.03)
    process = site.start("host.Photo", "--batch-size", "20")
    site.wait_until(lambda: len(site.seen()) >= 5)
    process.send_signal(signal.SIGINT)
    code, out, err = site.end(process)
    run = Run.objects.get()
    assert code == 130
    assert f"Go on with: manage.py nsfw_rescan --resume {run.pk}" in err
    assert out.startswith(f"Run {run.pk} is running after ")
    assert Scan.objects.count() == len(site.seen()) < 60, "what was scored is recorded"
    site.pace(0.0)
    code, _, err = site.run("--resume", str(run.pk))
    assert code == 0, err
    all_are_scanned(60)
    assert set(site.seen().values()) == {1}, "and not scored again"


def test_ctrl_c_reaches_every_worker(site):
    fill(60)
    site.pace(0.05)
    process = site.start("host.Photo", "--workers", "2", "--batch-size", "10")
    site.wait_until(lambda: len(site.seen()) >= 5)
    workers = children(process.pid)
    process.send_signal(signal.SIGINT)
    code, _, err = site.end(process)
    assert code == 130, err
    assert not any(map(alive, workers))
    assert Scan.objects.count() == len(site.seen()) < 60
    code, _, err = site.run("--resume", str(Run.objects.get().pk), "--workers", "2")
    assert code == 0, err
    all_are_scanned(60)


def test_workers_do_not_outlive_their_parent(site):
    fill(60)
    site.pace(0.05)
    process = site.start("host.Photo", "--workers", "2", "--batch-size", "5")
    site.wait_until(lambda: len(site.seen()) >= 5)
    workers = children(process.pid)
    kill(process.pid)
    process.communicate()
    site.wait_until(lambda: not any(map(alive, workers)))
    assert Scan.objects.count() < 60
    assert Run.objects.get().status == "running"
    code, _, err = site.run("--resume", str(Run.objects.get().pk))
    assert code == 0, err
    all_are_scanned(60)


def test_another_process_takes_part(site):
    fill(40)
    site.pace(0.5)
    first = site.start("host.Photo", "--batch-size", "5")
    site.wait_until(lambda: Run.objects.exists())
    second = site.start("--resume", str(Run.objects.get().pk))
    site.wait_until(lambda: Chunk.objects.values("worker").distinct().count() == 2)
    site.pace(0.0)
    for process in (first, second):
        code, _, err = site.end(process)
        assert code == 0, err
    all_are_scanned(40)
    assert set(site.seen().values()) == {1}


def test_of_two_operators_one_is_told(site):
    fill(20)
    site.pace(0.05)
    processes = [site.start("host.Photo", "--unscanned") for _ in range(2)]
    codes, _, errors = zip(*map(site.end, processes), strict=True)
    assert sorted(codes) == [0, 1]
    run = Run.objects.get()
    assert f"Run {run.pk} is doing that since" in "".join(errors)
    all_are_scanned(20)
    assert set(site.seen().values()) == {1}


def test_a_detector_that_dies_leaves_a_run_that_goes_on_later(site):
    fill(300)
    site.pace(0.005)
    process = site.start("host.Photo", "--batch-size", "300")
    site.wait_until(lambda: len(site.seen()) >= 150)
    (site.folder / "dead").touch()
    code, _, err = site.end(process)
    run = Run.objects.get()
    assert code == 3, err
    assert "The detector 'default' stopped answering: The model is gone." in err
    assert f"Go on with: manage.py nsfw_rescan --resume {run.pk}" in err
    assert set(Scan.objects.values_list("status", flat=True)) <= {"clear"}
    (site.folder / "dead").unlink()
    code, _, err = site.run("--resume", str(run.pk))
    assert code == 0, err
    all_are_scanned(300)
