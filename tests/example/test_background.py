"""The example with a task engine: pictures that wait for a worker, and what becomes of them."""

from importlib.util import find_spec

import pytest

from tests.example.conftest import Example
from tests.example.test_demo import OUTCOMES, table

GALLERY = """
from django.test import Client
print(Client(SERVER_NAME="localhost").get("/").content.decode())
"""


@pytest.mark.skipif(not find_spec("django_tasks_db"), reason="django-tasks-db is not installed")
def test_pictures_are_being_checked_until_a_worker_comes(tmp_path):
    example = Example(tmp_path)
    example.environment["NSFW_ENGINE"] = "tasks"
    assert example.manage("migrate", "--verbosity", "0").stderr == ""
    before = example.manage("demo")
    uploaded = [title for title, (verdict, _) in OUTCOMES.items() if verdict != "–"]
    waiting = [title for title, _, _, status in table(before.stdout) if "awaiting" in status]
    assert waiting == uploaded
    assert f"{len(uploaded)} wait for a worker" in before.stdout
    page = example.manage("shell", "--verbosity", "0", "--command", GALLERY)
    assert page.stdout.count(">Being checked<") == len(uploaded), page.stderr
    worked = example.manage("db_worker", "--batch", "--no-reload", "--no-startup-delay")
    assert worked.returncode == 0, worked.stderr
    after = example.manage("demo")
    found = {title: (verdict, status) for title, _, verdict, status in table(after.stdout)}
    assert found == OUTCOMES
    assert "wait for a worker" not in after.stdout


@pytest.mark.parametrize("engine", ["tasks", "celery"])
def test_no_check_complains_of_an_engine(tmp_path, engine):
    package = {"tasks": "django_tasks_db", "celery": "celery"}[engine]
    if not find_spec(package):
        pytest.skip(f"{package} is not installed")
    done = Example(tmp_path).manage("check", NSFW_ENGINE=engine)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wrong_engine_is_told_the_right_ones(tmp_path):
    done = Example(tmp_path).manage("check", NSFW_ENGINE="rq")
    assert "NSFW_ENGINE must be one of inline, tasks, celery, not 'rq'." in done.stderr
