"""Django's tasks framework, with any backend; on Django 5.2 the package django-tasks."""

from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.utils import timezone

try:
    from django.tasks import task, task_backends
except ImportError:  # before Django 6.0
    from django_tasks import task, task_backends  # type: ignore[no-redef,assignment]

from ..conf import nsfw_settings
from .base import Runner

# A task is declared for a backend and a queue that exist, or its module cannot be imported. These
# are some; the runner names the right ones for each message.
_DECLARED_FOR: Any = next(iter(task_backends), "default")
_QUEUES: set[str] = task_backends[_DECLARED_FOR].queues


@task(backend=_DECLARED_FOR, queue_name=next(iter(_QUEUES), "default"))
def score_scan(scan: int) -> None:
    from .. import pending

    pending.score(scan)


@task(backend=_DECLARED_FOR, queue_name=next(iter(_QUEUES), "default"))
def work_on_run(run: int) -> None:
    from .. import rescans

    rescans.take_turn(run)


@task(backend=_DECLARED_FOR, queue_name=next(iter(_QUEUES), "default"))
def deliver_webhooks() -> None:
    from ..webhooks import delivering

    delivering.work()


@task(backend=_DECLARED_FOR, queue_name=next(iter(_QUEUES), "default"))
def score_for_shadow() -> None:
    from ..shadow import scoring

    scoring.work()


class TasksRunner(Runner):
    """``TASKS["default"]`` and the queue of ``NSFW_BACKGROUND``; a subclass may name another
    ``backend``."""

    backend = "default"

    @property
    def delays(self) -> bool:
        return bool(self._backend.supports_defer)

    def score(self, scan: int, *, delay: float = 0) -> None:
        score_scan.using(**self._after(delay)).enqueue(scan)

    def work(self, run: int) -> None:
        work_on_run.using(**self._using()).enqueue(run)

    def deliver(self, *, delay: float = 0) -> None:
        deliver_webhooks.using(**self._after(delay)).enqueue()

    def shadow(self) -> None:
        score_for_shadow.using(**self._using()).enqueue()

    @property
    def _backend(self) -> Any:
        return task_backends[self.backend]

    def _using(self) -> dict[str, Any]:
        queue = nsfw_settings.background.queue or "default"
        return {"backend": self.backend, "queue_name": queue}

    def _after(self, delay: float) -> dict[str, Any]:
        using = self._using()
        if delay:
            using["run_after"] = timezone.now() + timedelta(seconds=delay)
        return using

    def check(self) -> list[CheckMessage]:
        try:
            backend = self._backend
            score_scan.using(**self._using())
        except Exception as error:  # noqa: BLE001 - the framework's errors share no base class
            return [
                Error(
                    f"NSFW_RUNNER: the task backend {self.backend!r} cannot be used: {error}",
                    hint="Correct TASKS, or the queue in NSFW_BACKGROUND.",
                    id="django_nsfw.E017",
                )
            ]
        if type(backend).__name__ == "DummyBackend":
            return [
                Warning(
                    f"NSFW_RUNNER: the task backend {self.backend!r} is the dummy one, which "
                    "carries nothing out: every upload waits until nsfw_sweep settles it.",
                    hint="Name a backend with workers in TASKS, such as that of django-tasks-db.",
                    id="django_nsfw.W031",
                )
            ]
        return []
