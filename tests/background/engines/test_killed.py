"""Workers that are killed with -9 in the middle of a scan: each costs a lease, none a scan."""

import os
import signal

import pytest

from tests.background.engines.engines import CeleryRabbitMQ, CeleryRedis, TasksDB, TasksRQ
from tests.background.engines.processes import eventually, kill

STOPS = "blue"
"""The detector looks at it until the worker is killed, or let go."""


@pytest.fixture(scope="module")
def site(engine, build):
    times = {"lease": 1, "deadline": 600, "queue": engine.queue}
    limits = {"timeout": 0.9}  # below the lease
    with build(**engine.settings(), NSFW_BACKGROUND=times, NSFW_LIMITS=limits) as site:
        yield site


@pytest.fixture(autouse=True)
def nobody_at_work(site):
    site.clear_traces("at_work")
    (site.folder / "go").unlink(missing_ok=True)


def at_work(site):
    """The process that has the picture before it, once there is one."""
    [pid] = eventually(lambda: site.traces("at_work"))
    site.clear_traces("at_work")
    return pid


def only(*engines):
    return pytest.mark.parametrize("engine", engines, indirect=True, ids=lambda cls: cls.__name__)


def test_a_killed_worker_costs_its_lease(engine, site):
    photo = site.upload(STOPS)
    with site.worker(engine.command()) as worker:
        at_work(site)
        kill(worker)
    state = site.look(photo)
    assert (state["status"], state["attempts"], state["in quarantine"]) == ("pending", 1, True)
    (site.folder / "go").touch()
    with site.worker(engine.command()):
        if isinstance(engine, TasksDB | TasksRQ):
            # The next upload brings it along.
            eventually(lambda: not site.look(photo)["leased"])
            site.settled(site.upload("white"))
        elif isinstance(engine, CeleryRedis):
            # Redis delivers again after visibility_timeout, an hour unless the project says less.
            eventually(lambda: site.ask("sweep") == ["sent again"])
        state = site.settled(photo)  # RabbitMQ delivers again at once
    assert (state["status"], state["original is public"]) == ("clear", True)
    assert state["attempts"] == 2


@only(CeleryRedis, CeleryRabbitMQ)
def test_a_killed_child_of_a_worker_is_replaced(engine, site):
    photo = site.upload(STOPS)
    with site.worker(engine.command()) as worker:
        pid = at_work(site)
        assert pid != worker.pid
        os.kill(pid, signal.SIGKILL)
        (site.folder / "go").touch()
        state = site.settled(photo)
    assert (state["status"], state["attempts"]) == ("clear", 2)


@only(TasksDB, CeleryRabbitMQ)
def test_what_kills_every_worker_is_held_with_its_reason(engine, site):
    photo = site.upload(STOPS)
    for attempt in (1, 2, 3):
        with site.worker(engine.command()) as worker:
            at_work(site)
            assert site.look(photo)["attempts"] == attempt
            kill(worker)
        eventually(lambda: not site.look(photo)["leased"])
        if isinstance(engine, TasksDB | TasksRQ):
            assert site.ask("sweep") == ["sent again"]
    with site.worker(engine.command()):
        state = eventually(lambda: (state := site.look(photo))["status"] != "pending" and state)
    assert (state["status"], state["reason"]) == ("held", "unfinished")
    assert state["words"] == "Its workers died, each time."
    assert (state["original is public"], state["in quarantine"]) == (False, True)
