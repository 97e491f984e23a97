"""System checks of ``NSFW_SHADOW``."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from ..conf import nsfw_settings
from ..policy import Policy
from ..registry import registry

AppConfigs = Sequence[AppConfig] | None


def check_shadow(app_configs: AppConfigs, **kwargs: Any) -> list[CheckMessage]:
    """It can be read, names a detector, and that is another one than those that decide."""
    try:
        shadow = nsfw_settings.shadow
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Correct NSFW_SHADOW.", id="django_nsfw.E070")]
    if shadow is None:
        return []
    with suppress(ImproperlyConfigured):  # E004 reports it
        configured = nsfw_settings.detectors
        if shadow.detector not in configured:
            return [
                Error(
                    f"NSFW_SHADOW: there is no detector {shadow.detector!r}. "
                    f"Configured: {', '.join(configured) or 'none'}.",
                    hint="Add it to NSFW_DETECTORS or name another.",
                    id="django_nsfw.E071",
                )
            ]
    own = _decided_by(shadow.detector)
    if not own:
        return []
    return [
        Warning(
            f"NSFW_SHADOW: {shadow.detector!r} is the detector that decides on "
            f"{', '.join(own)}. Nothing is drawn there: it would be compared with itself.",
            hint="Name the detector that may replace it.",
            id="django_nsfw.W070",
        )
    ]


def _decided_by(alias: str) -> list[str]:
    """Labels of watched fields."""
    found = []
    for label, watched in sorted(registry.watched.items()):
        with suppress(ImproperlyConfigured, ValueError):  # E005 and E007 report it
            if Policy.of(nsfw_settings.policy, watched.options).detector == alias:
                found.append(label)
    return found
