"""``with uploads.held():``, or the same as a decorator of a test or of a ``TestCase``.

While one runs no model is loaded, every file is scored in the request, and what is held is kept in
memory. Decorators take ``kwarg_name``, for functions, and ``attr_name``, for classes, under which
the test finds the :class:`~django_nsfw.testing.Script`; ``with`` gives it as its target.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InMemoryStorage, storages
from django.core.signals import setting_changed
from django.test.utils import TestContextDecorator, override_settings

from .. import assessment
from ..conf import DEFAULT_RUNNER, QUARANTINE_ALIAS, nsfw_settings
from ..detectors import Detector
from ..exceptions import DetectorUnavailable
from ..memo import memo
from ..policy import Policy
from ..scores import Assessment, KnownMatch
from ..verdict import Verdict
from .script import Script, ScriptedDetector, Which, running, said_by


def clear(*which: Which, **names: str | None) -> "Running":
    """These files are let through, as all others are."""
    return Running(lambda script: script.clear(*which), **names)


def held(*which: Which, **names: str | None) -> "Running":
    """These files, or all, wait for a moderator; others are clear."""
    return Running(lambda script: script.hold(*which), **names)


def rejected(*which: Which, **names: str | None) -> "Running":
    """These files, or all, are refused by validators; others are clear."""
    return Running(lambda script: script.reject(*which), **names)


def failing(*which: Which, **names: str | None) -> "Running":
    """For these files, or all, there is no detector; others are clear."""
    return Running(lambda script: script.fail(*which), **names)


def scored(score: float, *which: Which, **names: str | None) -> "Running":
    """These files, or all, have that score, and the policy decides; others are clear."""
    return Running(lambda script: script.score(score, *which), **names)


class Running(TestContextDecorator):
    """One of the above, to be entered any number of times. Within another one it replaces that."""

    def __init__(self, begin: Callable[[Script], None], **names: str | None) -> None:
        super().__init__(**names)
        self._begin = begin
        self._begin(Script())  # what makes no sense is said where it is written
        self._stacks: list[ExitStack] = []

    def enable(self) -> Script:
        if not hasattr(mail, "outbox"):
            raise ImproperlyConfigured(
                "django_nsfw.testing switches moderation off, and does so in tests only. A test "
                "runner calls django.test.utils.setup_test_environment() first."
            )
        script = Script()
        script.clear()
        self._begin(script)
        with ExitStack() as stack:
            stack.enter_context(_settings())
            stack.enter_context(_quarantine_in_memory())
            stack.enter_context(patch.object(assessment._Attempt, "_detector", _detector))
            stack.enter_context(patch.object(Policy, "verdict", _verdict))
            stack.enter_context(_on_top(script))
            self._stacks.append(stack.pop_all())
        return script

    def disable(self) -> None:
        self._stacks.pop().close()

    def __enter__(self) -> Script:  # type: ignore[override]
        return self.enable()


def _settings() -> override_settings:
    aliases = {"default", *nsfw_settings.detectors}
    backend = f"{ScriptedDetector.__module__}.{ScriptedDetector.__qualname__}"
    return override_settings(
        NSFW_DETECTORS={alias: {"BACKEND": backend} for alias in aliases},
        NSFW_RUNNER=DEFAULT_RUNNER,
        NSFW_SHADOW={},
    )


@contextmanager
def _on_top(script: Script) -> Iterator[None]:
    memo.clear()
    running.append(script)
    try:
        yield
    finally:
        running.remove(script)
        memo.clear()


@contextmanager
def _quarantine_in_memory() -> Iterator[None]:
    """Of this one alone: with ``STORAGES`` overridden, what others have in memory would be lost."""
    handler: Any = storages
    memory = InMemoryStorage(location="/nsfw_quarantine")
    before = handler._storages.get(QUARANTINE_ALIAS)

    def put(*, setting: str = "STORAGES", **kwargs: object) -> None:
        if setting == "STORAGES":
            handler._storages[QUARANTINE_ALIAS] = memory

    put()
    setting_changed.connect(put, weak=False)  # after Django's own, which forgets all of them
    try:
        yield
    finally:
        setting_changed.disconnect(put)
        handler._storages.pop(QUARANTINE_ALIAS, None)
        if before is not None:
            handler._storages[QUARANTINE_ALIAS] = before


_judged_by_scores = Policy.verdict


def _detector(attempt: Any) -> Detector | Exception:
    """In place of asking for one: that for this file, or why there is none."""
    name = getattr(attempt.body, "name", "")
    detector = ScriptedDetector(name=name if isinstance(name, str) else "", sha256=attempt.sha256)
    if detector.rule.failure:
        return DetectorUnavailable(detector.rule.failure)
    return detector


def _verdict(policy: Policy, assessment: Assessment, match: KnownMatch | None = None) -> Verdict:
    """What a test says becomes of a file; a decision of a moderator about its bytes counts more."""
    settled = match is not None and policy.settles(match, assessment)
    if assessment.failure is None and not settled:
        said = said_by(assessment.detector)
        if said is not None:
            return said
    return _judged_by_scores(policy, assessment, match)
