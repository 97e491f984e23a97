"""Celery: the project's own app, its brokers and its workers."""

import time
from typing import Any

from celery import shared_task
from django.core.checks import CheckMessage, Error
from kombu import pools

from ..conf import nsfw_settings
from .base import Runner

# A worker that is killed has not acknowledged: the broker gives the message to another one. Results
# are rows of ours.
_OPTIONS: dict[str, Any] = {
    "acks_late": True,
    "reject_on_worker_lost": True,
    "ignore_result": True,
}

# Whoever uploads waits for the broker. A connection that went stale is made anew, once; the sweep
# does the rest.
_RETRY = {"max_retries": 1, "interval_start": 0}
_REDIS = frozenset({"redis", "rediss", "sentinel"})
_PATIENCE = {"socket_connect_timeout": 2.0, "socket_timeout": 2.0}
"""Seconds. Without them a Redis that is silent, not down, is waited for without end."""
_SLOW, _PAUSE = 1.0, 30.0
"""Seconds of waiting in vain after which a process does not try again, and for how long: a request
may bring fifty pictures."""


@shared_task(name="django_nsfw.score", **_OPTIONS)
def score_scan(scan: int) -> None:
    from .. import pending

    pending.score(scan)


@shared_task(name="django_nsfw.work_on_run", **_OPTIONS)
def work_on_run(run: int) -> None:
    from .. import rescans

    rescans.take_turn(run)


@shared_task(name="django_nsfw.deliver", **_OPTIONS)
def deliver_webhooks() -> None:
    from ..webhooks import delivering

    delivering.work()


@shared_task(name="django_nsfw.shadow", **_OPTIONS)
def score_for_shadow() -> None:
    from ..shadow import scoring

    scoring.work()


class CeleryRunner(Runner):
    """Sends to the queue of ``NSFW_BACKGROUND``, or to where the project's routes lead.

    Callers wait for the commit of the database that the scans are in; ``delay_on_commit`` would
    wait for the default one.
    """

    def __init__(self) -> None:
        self._pause_ends = 0.0

    @property
    def delays(self) -> bool:
        return not score_scan.app.conf.task_always_eager

    def score(self, scan: int, *, delay: float = 0) -> None:
        self._send(score_scan, (scan,), delay)

    def work(self, run: int) -> None:
        self._send(work_on_run, (run,), 0)

    def deliver(self, *, delay: float = 0) -> None:
        self._send(deliver_webhooks, (), delay)

    def shadow(self) -> None:
        self._send(score_for_shadow, (), 0)

    def _send(self, task: Any, arguments: tuple[int, ...], delay: float) -> None:
        queue = nsfw_settings.background.queue
        options: dict[str, Any] = {"queue": queue} if queue else {}
        if task.app.conf.task_always_eager:
            task.apply_async(arguments, **options)
            return
        started = time.monotonic()
        if started < self._pause_ends:
            raise ConnectionError("The broker did not answer a moment ago and is not asked again.")
        try:
            with _producers().acquire(block=True) as producer:
                task.apply_async(
                    arguments,
                    countdown=delay or None,
                    producer=producer,
                    retry=True,
                    retry_policy=_RETRY,
                    **options,
                )
        except Exception:
            if time.monotonic() - started > _SLOW:
                self._pause_ends = time.monotonic() + _PAUSE
            raise

    def check(self) -> list[CheckMessage]:
        app = score_scan.app
        if app.main != "default" or app.conf.broker_write_url:  # else it is Celery's own stopgap
            return []
        return [
            Error(
                "NSFW_RUNNER: no Celery app of the project is loaded in this process.",
                hint="Import it in the __init__ of the project's package, as Celery's manual says "
                "for Django, and give it a broker_url.",
                id="django_nsfw.E017",
            )
        ]


def _producers() -> Any:
    """The project's own pool, but for Redis, which Celery would wait for as said above. Workers
    listen for longer than that on their own connections."""
    connection = score_scan.app.connection_for_write()
    if connection.transport_cls in _REDIS:
        connection.transport_options = _PATIENCE | connection.transport_options
    return pools.producers[connection]
