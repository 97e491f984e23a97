"""The settings of this app, read live and typed. Defaults live here and nowhere else."""

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from typing import Any, NoReturn

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from .limits import Limits

DEFAULT_DETECTORS: Mapping[str, Mapping[str, Any]] = {
    "default": {
        "BACKEND": "django_nsfw.detectors.timm.TimmDetector",
        "OPTIONS": {"model": "hf_hub:Marqo/nsfw-image-detection-384"},
    },
}
DEFAULT_POLICY: Mapping[str, Any] = {"review": 0.5, "reject": None, "on_error": "hold"}
QUARANTINE_ALIAS = "nsfw_quarantine"
RETAINED = ("rejected", "gone", "superseded")
"""Statuses that hold bytes nobody waits for; the only ones whose bytes age can delete."""

LONGEST_RETENTION = 36_500
"""Days: a century. What is to be kept longer is kept for ever."""


class Settings:
    """One property a setting. Each raises ``ImproperlyConfigured`` naming the bad value."""

    @property
    def detectors(self) -> Mapping[str, Mapping[str, Any]]:
        """``NSFW_DETECTORS``: alias → ``{"BACKEND": dotted path, "OPTIONS": {…}}``."""
        return _mapping("NSFW_DETECTORS", DEFAULT_DETECTORS)

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """``NSFW_FIELDS``: ``"app_label.Model.field"`` → policy keys for that field."""
        return _mapping("NSFW_FIELDS", {})

    @property
    def policy(self) -> Mapping[str, Any]:
        """``NSFW_POLICY`` laid over the defaults: policy keys for the whole project."""
        return {**DEFAULT_POLICY, **_mapping("NSFW_POLICY", {})}

    @property
    def limits(self) -> Limits:
        """``NSFW_LIMITS`` laid over the defaults of :class:`~django_nsfw.limits.Limits`."""
        given = _mapping("NSFW_LIMITS", {})
        valid = [f.name for f in dataclass_fields(Limits)]
        for key, value in given.items():
            if key not in valid:
                _refuse("NSFW_LIMITS", f"has no limit {key!r}. Valid limits: {', '.join(valid)}.")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                _refuse("NSFW_LIMITS", f"{key!r} must be a number above 0, not {value!r}.")
            if key != "timeout" and not isinstance(value, int):
                _refuse("NSFW_LIMITS", f"{key!r} must be a whole number, not {value!r}.")
        return Limits(**given)

    @property
    def retention(self) -> Mapping[str, int]:
        """``NSFW_RETENTION``: status → days after which what it holds may be deleted.

        A status that is absent, or None, is kept for ever, and so is everything by default.
        """
        given = _mapping("NSFW_RETENTION", {})
        valid = f"Valid statuses: {', '.join(RETAINED)}."
        for status, days in given.items():
            if status == "held":
                _refuse(
                    "NSFW_RETENTION",
                    f"must not name 'held': those files wait for a moderator, and what nobody has "
                    f"seen is not deleted by its age. {valid}",
                )
            if status not in RETAINED:
                _refuse("NSFW_RETENTION", f"holds nothing for {status!r}. {valid}")
            if days is None:
                continue
            whole = isinstance(days, int) and not isinstance(days, bool)
            if not whole or not 0 < days <= LONGEST_RETENTION:
                _refuse(
                    "NSFW_RETENTION",
                    f"{status!r} must be a whole number of days from 1 to {LONGEST_RETENTION}, or "
                    f"None for ever, not {days!r}.",
                )
        return {status: days for status, days in given.items() if days is not None}


def _mapping(name: str, default: Mapping[str, Any]) -> Mapping[str, Any]:
    value = getattr(django_settings, name, default)
    if not isinstance(value, Mapping):
        _refuse(name, f"must be a dictionary, not {value!r}.")
    return value


def _refuse(name: str, complaint: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name} {complaint}")


nsfw_settings = Settings()
