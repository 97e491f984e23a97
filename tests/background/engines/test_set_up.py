"""What ``manage.py check`` says of an engine that is not there, or not set up."""

import subprocess
import sys

import django
import pytest

from django_nsfw.runners import current
from tests.background.engines.conftest import present
from tests.background.engines.engines import (
    CELERY,
    TASKS,
    CeleryRedis,
    TasksDB,
    framework,
    tasks,
)
from tests.background.engines.processes import ROOT, environment

BEFORE_TASKS = pytest.mark.skipif(
    django.VERSION >= (6, 0), reason="Django itself has the tasks framework since 6.0"
)


def checked(folder, settings, lacks=()):
    """The sentences in which ``manage.py check`` complains."""
    done = subprocess.run(
        [sys.executable, "-m", "django", "check", "--tag", "nsfw"],
        cwd=ROOT,
        env=environment(folder, settings) | {"SITE_LACKS": " ".join(lacks)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return [line.partition(") ")[2] for line in done.stderr.splitlines() if "(django_nsfw." in line]


@pytest.mark.parametrize(
    ("runner", "extra", "package"),
    [
        pytest.param(CELERY, "celery", "celery", id="celery"),
        pytest.param(TASKS, "tasks", "django_tasks", marks=BEFORE_TASKS, id="django-tasks"),
    ],
)
def test_an_engine_that_is_not_installed_is_named_with_its_extra(tmp_path, runner, extra, package):
    settings = {"NSFW_RUNNER": runner}
    assert checked(tmp_path, settings, lacks=["celery", "django_tasks", "django_tasks_db"]) == [
        f"NSFW_RUNNER: {runner!r} cannot be imported: No module named {package!r}. "
        f'Install its engine with: pip install "django-nsfw[{extra}]"'
    ]


def test_without_any_engine_the_inline_runner_works(tmp_path):
    assert checked(tmp_path, {}, lacks=["celery", "django_tasks", "django_tasks_db"]) == []


def test_a_project_whose_celery_app_is_never_imported_is_told(settings):
    present(CeleryRedis)
    settings.NSFW_RUNNER = CELERY
    [error] = current().check()
    assert (error.id, error.msg) == (
        "django_nsfw.E017",
        "NSFW_RUNNER: no Celery app of the project is loaded in this process.",
    )


def test_a_celery_app_with_a_default_broker_is_no_mistake(tmp_path):
    present(CeleryRedis)
    assert checked(tmp_path, {"NSFW_RUNNER": CELERY}) == []


@pytest.mark.parametrize(
    ("site", "says"),
    [
        (
            tasks("immediate.ImmediateBackend", QUEUES=["mail"]),
            "NSFW_RUNNER: the task backend 'default' cannot be used: "
            "Queue 'default' is not valid for backend.",
        ),
        (
            tasks("immediate.ImmediateBackend") | {"NSFW_BACKGROUND": {"queue": "pictures"}},
            "NSFW_RUNNER: the task backend 'default' cannot be used: "
            "Queue 'pictures' is not valid for backend.",
        ),
        (
            tasks("immediate.ImmediateBackend", QUEUES=["pictures"])
            | {"NSFW_BACKGROUND": {"queue": "pictures"}},
            None,
        ),
        (
            tasks("missing.Backend"),
            f"NSFW_RUNNER: {TASKS!r} cannot be used: Could not find backend "
            "'{framework}.backends.missing.Backend': No module named "
            "'{framework}.backends.missing'.",
        ),
        ({"NSFW_RUNNER": "tests.background.project.web.main"}, "NSFW_RUNNER: "
         "'tests.background.project.web.main' is no subclass of django_nsfw.runners.Runner."),
    ],
    ids=["no queue", "another queue", "its queue alone", "no backend", "no runner"],
)  # fmt: skip
def test_a_backend_that_cannot_be_used_is_told(tmp_path, site, says):
    present(TasksDB)
    expected = [says.format(framework=framework())] if says else []
    assert checked(tmp_path, site) == expected
