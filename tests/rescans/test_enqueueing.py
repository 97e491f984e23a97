"""Rescans on the workers of the site's engine."""

import importlib.util
import io
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from django_nsfw import runners
from django_nsfw.models import Chunk, Run, Scan
from django_nsfw.rescans import claims, take_turn, work_once
from django_nsfw.rescans.runs import targets_of
from django_nsfw.sweeping import sweep
from tests.rescans.conftest import stored

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


class Queue(runners.Runner):
    """Delivered by the test."""

    messages: list[int] = []

    def score(self, scan, *, delay=0):
        raise AssertionError("only runs here")

    def work(self, run):
        self.messages.append(run)


class Eager(Queue):
    """Carries out what it is given before it returns."""

    def work(self, run):
        take_turn(run)


@pytest.fixture
def queue(settings, constant):
    settings.NSFW_RUNNER = "tests.rescans.test_enqueueing.Queue"
    Queue.messages = []
    return Queue


def enqueue(*targets, **options):
    out = io.StringIO()
    call_command("nsfw_rescan", *targets, enqueue=True, stdout=out, **options)
    return out.getvalue()


def deliver(queue):
    while queue.messages:
        take_turn(queue.messages.pop(0))


def test_each_message_does_one_chunk_and_sends_the_next(queue):
    for n in range(5):
        stored(f"{n}.jpg", seed=n)
    said = enqueue("host.Photo", workers=2, batch_size=2)
    run = Run.objects.get()
    assert said == (
        f"Run {run.pk} is with the workers of Queue, 2 at once. "
        f"nsfw_rescan --resume {run.pk} takes part, --cancel {run.pk} ends it.\n"
    )
    assert queue.messages == [run.pk] * 2
    take_turn(queue.messages.pop())
    assert queue.messages == [run.pk] * 2
    assert Scan.objects.count() == 2
    deliver(queue)
    run.refresh_from_db()
    assert (run.status, Scan.objects.count()) == ("finished", 5)


def test_an_engine_that_does_it_at_once_needs_no_deeper_stack_for_more_chunks(queue, settings):
    for n in range(40):
        stored(f"{n}.jpg", seed=n % 2)
    settings.NSFW_RUNNER = "tests.rescans.test_enqueueing.Eager"
    assert json.loads(enqueue("host.Photo", batch_size=1, format="json"))["status"] == "finished"
    assert Scan.objects.count() == 40


def test_a_message_that_comes_late_or_twice_does_no_harm(queue):
    stored("a.jpg", seed=1)
    enqueue("host.Photo")
    run = Run.objects.get()
    deliver(queue)
    take_turn(run.pk)
    take_turn(987654)
    assert queue.messages == []
    assert Scan.objects.count() == 1


def test_who_finds_only_what_others_have_comes_again(queue, monkeypatch):
    monkeypatch.setattr("django_nsfw.rescans.workers.WAIT", 0)
    stored("a.jpg", seed=1)
    enqueue("host.Photo")
    run = Run.objects.get()
    chunk = claims.claim(run, targets_of(run), "killed")
    assert work_once(run.pk)
    Chunk.objects.update(lease_until=timezone.now())
    deliver(queue)
    chunk.refresh_from_db()
    assert (chunk.status, chunk.attempts) == ("done", 2)
    run.refresh_from_db()
    assert run.status == "finished"


def test_the_sweep_asks_again_for_workers_that_were_lost(queue):
    stored("a.jpg", seed=1)
    enqueue("host.Photo", workers=2)
    run = Run.objects.get()
    queue.messages.clear()
    assert list(sweep()) == []
    Run.objects.update(created_at=timezone.now() - timedelta(hours=1))
    chunk = claims.claim(run, targets_of(run), "slow")
    assert list(sweep()) == []
    Chunk.objects.filter(pk=chunk.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    [found] = sweep(dry_run=True)
    assert (found.finding, found.subject) == ("sent again", f"run {run.pk}")
    assert queue.messages == []
    assert list(sweep()) == [found]
    assert queue.messages == [run.pk] * 2
    deliver(queue)
    assert list(sweep()) == []


def test_the_sweep_leaves_a_run_alone_that_an_operator_interrupted(queue):
    stored("a.jpg", seed=1)
    enqueue("host.Photo")
    Run.objects.update(created_at=timezone.now() - timedelta(hours=1), enqueued=0)
    assert list(sweep()) == []


def test_a_detector_that_cannot_be_had_stops_the_messages(queue, settings, caplog):
    stored("a.jpg", seed=1)
    enqueue("host.Photo")
    run = Run.objects.get()
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.BrokenDetector"},
    }
    deliver(queue)
    assert f"Run {run.pk} stops here: The model cannot be had" in caplog.text
    assert Chunk.objects.get().attempts == 0
    assert not Scan.objects.exists()


def test_django_tasks_carry_a_run(constant, settings):
    framework = "django.tasks" if importlib.util.find_spec("django.tasks") else "django_tasks"
    pytest.importorskip(framework)
    settings.TASKS = {"default": {"BACKEND": f"{framework}.backends.immediate.ImmediateBackend"}}
    settings.NSFW_RUNNER = "django_nsfw.runners.tasks.TasksRunner"
    for n in range(5):
        stored(f"{n}.jpg", seed=n)
    found = json.loads(enqueue("host.Photo", workers=2, batch_size=2, format="json"))
    assert (found["status"], found["scored"]) == ("finished", 5)
