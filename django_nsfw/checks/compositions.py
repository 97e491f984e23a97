"""System checks of detectors that are made of others. They build none and import no framework."""

from collections.abc import Container, Iterator
from contextlib import suppress
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from ..conf import nsfw_settings
from ..detectors import membership
from ..detectors.handler import detectors
from ..policy import Policy
from ..registry import registry
from .configuration import AppConfigs

CASCADE = "django_nsfw.detectors.cascade.CascadeDetector"
THRESHOLD = 0.5
"""Where the option is left out."""


def check_members(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    try:
        problems = {alias: membership.problem_of(alias) for alias in detectors}
    except ImproperlyConfigured:  # E004 reports the setting as a whole
        return []
    return [
        Error(
            f"NSFW_DETECTORS[{alias!r}]: {problem}",
            hint="Until it is mended, every image is held unscored.",
            id="django_nsfw.E027",
        )
        for alias, problem in problems.items()
        if problem
    ]


def check_limits_of_cascades(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """Under its threshold the scores of a cascade are on two scales."""
    return [
        Warning(
            f"{subject}: {key!r} is {value}, and the detector {policy.detector!r} is a cascade "
            f"that confirms from {threshold} on: pictures between the two are caught without a "
            "confirmation.",
            hint=f"Lower the option 'threshold' of the cascade to {value} or less, or raise "
            f"{key!r}.",
            id="django_nsfw.W023",
        )
        for subject, policy, keys in _policies()
        if (threshold := _threshold(policy.detector)) is not None
        for key, value in (("review", policy.review), ("reject", policy.reject))
        if key in keys and value is not None and value < threshold
    ]


def _policies() -> Iterator[tuple[str, Policy, Container[str]]]:
    """Subject, policy, and the keys to look at: those that stand there, or all with a detector.

    Wrong policies are left to E005 and E007.
    """
    limits = {"review", "reject"}
    with suppress(ImproperlyConfigured, ValueError):
        project = nsfw_settings.policy
        yield "NSFW_POLICY", Policy.of(project), limits
        for watched in registry.watched.values():
            own = watched.options
            with suppress(ValueError):
                policy = Policy.of(project, own)
                yield watched.label, policy, limits if "detector" in own else own.keys()


def _threshold(alias: str) -> float | None:
    """Of a cascade; None where the detector is none, or where E004 or E011 complains about it."""
    try:
        backend, given = detectors.spec(alias)
    except ImproperlyConfigured:
        return None
    threshold = given.get("threshold", THRESHOLD)
    return threshold if backend == CASCADE and isinstance(threshold, (int, float)) else None
