"""The shape every runner has, and the one that is configured.

The app owns the state: which scan waits, who has taken it on, how often it was tried. An engine
only carries messages, which may be lost, doubled or late: each names one thing to do, and doing it
twice does it once.
"""

import logging
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import transaction
from django.utils.module_loading import import_string

from ..conf import nsfw_settings

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

logger = logging.getLogger(__name__)


class Runner(ABC):
    """Brings work to where it is done. Without arguments; a subclass sets queue names and such."""

    background: bool = True
    """Whether uploads wait as ``pending`` until a worker has scored them."""

    @property
    def delays(self) -> bool:
        """Whether the engine can bring a message later than it was sent."""
        return False

    @abstractmethod
    def score(self, scan: int, *, delay: float = 0) -> None:
        """Have :func:`django_nsfw.pending.score` called with the key of a committed scan.

        ``delay``, in seconds, is asked for only where ``delays`` is true.
        """

    @abstractmethod
    def work(self, run: int) -> None:
        """Have :func:`django_nsfw.rescans.take_turn` called with the key of a rescan."""

    def deliver(self, *, delay: float = 0) -> None:  # noqa: B027 - a runner need not
        """Have :func:`django_nsfw.webhooks.delivering.work` called, as soon as ``delay`` is over.

        Without an engine nothing is done, and ``nsfw_deliver`` delivers.
        """

    def shadow(self) -> None:  # noqa: B027 - a runner need not
        """Have :func:`django_nsfw.shadow.scoring.work` called.

        Without an engine nothing is done, and ``nsfw_shadow`` scores.
        """

    def check(self) -> "list[CheckMessage]":
        """Problems of the engine's own settings, for ``manage.py check``."""
        return []


def current() -> Runner:
    """The runner that ``NSFW_RUNNER`` names. ``ImproperlyConfigured`` says what is wrong."""
    return _made(nsfw_settings.runner)


def score_on_commit(scan: int, *, using: str) -> None:
    """Ask for a score once the scan is committed. Where the engine cannot be reached the sweep asks
    again: the upload is safe, and whoever sent it need not know."""

    def ask() -> None:
        try:
            current().score(scan)
        except Exception:
            logger.exception("Scan %s was not sent to a worker; nsfw_sweep will send it", scan)

    transaction.on_commit(ask, using=using)


@lru_cache(maxsize=8)
def _made(path: str) -> Runner:
    try:
        cls: Any = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"NSFW_RUNNER: {path!r} cannot be imported: {_stripped(error)}.{_remedy(path)}"
        ) from error
    except Exception as error:  # a task is declared there, and its framework objects to TASKS
        raise ImproperlyConfigured(
            f"NSFW_RUNNER: {path!r} cannot be used: {_stripped(error)}."
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, Runner)):
        raise ImproperlyConfigured(
            f"NSFW_RUNNER: {path!r} is no subclass of django_nsfw.runners.Runner."
        )
    return cls()


_EXTRAS = {
    "django_nsfw.runners.tasks.TasksRunner": "tasks",
    "django_nsfw.runners.celery.CeleryRunner": "celery",
}


def _stripped(error: Exception) -> str:
    return str(error).rstrip(".")


def _remedy(path: str) -> str:
    extra = _EXTRAS.get(path)
    return f' Install its engine with: pip install "django-nsfw[{extra}]"' if extra else ""


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "NSFW_RUNNER":
        _made.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_nsfw.runners")
