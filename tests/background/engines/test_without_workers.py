"""Engines that need no worker, or never bring one: for development, and by mistake."""

import pytest

from tests.background.engines.conftest import present
from tests.background.engines.engines import CELERY, CeleryRedis, TasksDB, tasks

TIMES = {"lease": 11, "deadline": 600}
EAGER = {"NSFW_RUNNER": CELERY, "CELERY_TASK_ALWAYS_EAGER": True}


@pytest.fixture(scope="module", params=["task_always_eager", "ImmediateBackend"])
def immediate(request, build):
    """A site whose engine does everything in the web process."""
    if request.param == "task_always_eager":
        present(CeleryRedis)
        settings = EAGER
    else:
        present(TasksDB)
        settings = tasks("immediate.ImmediateBackend")
    with build(**settings, NSFW_BACKGROUND=TIMES) as site:
        yield site


@pytest.fixture(scope="module")
def dummy(build):
    present(TasksDB)
    with build(**tasks("dummy.DummyBackend"), NSFW_BACKGROUND=TIMES) as site:
        yield site


@pytest.mark.parametrize(("colour", "status"), [("white", "clear"), ("red", "held")])
def test_an_upload_is_settled_when_it_is_committed(immediate, colour, status):
    state = immediate.look(immediate.upload(colour))
    assert (state["status"], state["attempts"]) == (status, 1)
    assert state["original is public"] is (status == "clear")


def test_what_fails_is_not_tried_again_on_the_spot(immediate):
    photo = immediate.upload("black")
    state = immediate.look(photo)
    assert (state["status"], state["attempts"], state["leased"]) == ("pending", 1, True)
    assert immediate.upload("white")  # has it wait for its time
    assert immediate.look(photo)["attempts"] == 1


def test_no_check_complains_of_it(immediate):
    assert immediate.ask("check") == []


def test_the_dummy_backend_has_it_wait_for_the_sweep(dummy):
    photo = dummy.upload("white")
    assert dummy.look(photo)["status"] == "pending"
    dummy.ask("age", photo, 12)
    assert dummy.ask("sweep") == ["sent again"]
    assert dummy.look(photo)["status"] == "pending"
    dummy.ask("age", photo, 601)
    assert dummy.ask("sweep") == ["overdue"]
    assert dummy.look(photo)["status"] == "held"
    [[id_, message]] = dummy.ask("check")
    assert id_ == "django_nsfw.W031"
    assert "carries nothing out" in message
