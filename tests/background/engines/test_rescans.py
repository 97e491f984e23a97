"""A rescan on the workers of django-tasks-db, one of them killed in the middle."""

from contextlib import ExitStack

import pytest

from tests.background.engines.engines import TasksDB
from tests.background.engines.processes import eventually, kill

pytestmark = pytest.mark.parametrize(
    "engine", [TasksDB], indirect=True, ids=lambda cls: cls.__name__
)


@pytest.fixture(scope="module")
def site(engine, build):
    times = {"lease": 2, "deadline": 600, "queue": engine.queue}
    with build(**engine.settings(), NSFW_BACKGROUND=times, NSFW_LIMITS={"timeout": 0.9}) as site:
        yield site


def test_workers_share_a_run_and_finish_what_a_killed_one_had(engine, site):
    colours = ["white"] * 8 + ["blue"] + ["red"] * 8
    pks = site.ask("store", paths=[site.drawn(colour) for colour in colours])
    asked = site.manage("nsfw_rescan", "host.Photo", "--enqueue", "--workers", "2",
                        "--batch-size", "3")  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    assert "is with the workers of TasksRunner, 2 at once." in asked.stdout
    assert engine.waiting(site) == 2
    with ExitStack() as stack:
        workers = [stack.enter_context(site.worker(engine.command())) for _ in range(2)]
        [pid] = eventually(lambda: site.traces("at_work"))
        kill(next(worker for worker in workers if worker.pid == pid))
        (site.folder / "go").touch()
        eventually(lambda: site.ask("runs")[0]["status"] == "finished")
    [run] = site.ask("runs")
    assert (run["counts"]["rows"], run["counts"]["clear"], run["counts"]["held"]) == (17, 9, 8)
    # White pictures are the same bytes.
    assert (run["counts"]["scored"], run["counts"]["recalled"]) == (10, 7)
    for pk, colour in zip(pks, colours, strict=True):
        state = site.look(pk)  # fails where an object has two scans
        assert state["status"] == ("held" if colour == "red" else "clear")
        assert state["in quarantine"] == (not state["original is public"]) == (colour == "red")
    eventually(lambda: engine.waiting(site) <= 1)  # the messages that were left find nothing to do
    assert len(site.traces("at_work")) == 2
