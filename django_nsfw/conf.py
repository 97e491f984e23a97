"""The settings of this app, read live and typed. Defaults live here and nowhere else."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:  # dataclasses are costly to make, and a start needs none of these
    from .configured import Background, Review, Shadow
    from .limits import Limits

DEFAULT_DETECTORS: Mapping[str, Mapping[str, Any]] = {
    "default": {
        "BACKEND": "django_nsfw.detectors.timm.TimmDetector",
        "OPTIONS": {"model": "hf_hub:Marqo/nsfw-image-detection-384"},
    },
}
DEFAULT_POLICY: Mapping[str, Any] = {
    "review": 0.5,
    "reject": None,
    "on_error": "hold",
    "publish": "after_scan",
}
DEFAULT_RUNNER = "django_nsfw.runners.inline.InlineRunner"
DEFAULT_BACKGROUND: Mapping[str, Any] = {"lease": 120, "deadline": 3600, "queue": ""}
DEFAULT_REVIEW: Mapping[str, Any] = {
    "blur": 2,
    "greyscale": True,
    "muted": True,
    "reveals_a_day": None,
    "claim_minutes": 5,
    "quality_share": 0,
    "base_url": "",
}
DEFAULT_SHADOW: Mapping[str, Any] = {"detector": "", "share": 0.05}
BLURS = (1, 2, 3)
"""Strengths of the blur, from outlines to a haze. None of them is 0: a look at the picture itself
is a reveal."""

SETTINGS = (
    "NSFW_DETECTORS",
    "NSFW_POLICY",
    "NSFW_FIELDS",
    "NSFW_LIMITS",
    "NSFW_RUNNER",
    "NSFW_BACKGROUND",
    "NSFW_RETENTION",
    "NSFW_REVIEW",
    "NSFW_WEBHOOKS",
    "NSFW_SHADOW",
)
"""Every setting of this app, for the check that finds a misspelt one."""

QUARANTINE_ALIAS = "nsfw_quarantine"
RETAINED = ("rejected", "gone", "superseded")
"""Statuses that hold bytes nobody waits for; the only ones whose bytes age can delete."""

LONGEST_CLAIM = 24 * 60
"""Minutes: a day. Who is away for longer is not looking."""

LONGEST_RETENTION = 36_500
"""Days: a century. What is to be kept longer is kept for ever."""


class Settings:
    """One property a setting. Each raises ``ImproperlyConfigured`` naming the bad value."""

    @property
    def detectors(self) -> Mapping[str, Mapping[str, Any]]:
        """``NSFW_DETECTORS``: alias → ``{"BACKEND": dotted path, "OPTIONS": {…}}``."""
        return _mapping("NSFW_DETECTORS", DEFAULT_DETECTORS)

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any] | None]:
        """``NSFW_FIELDS``: ``"app_label.Model.field"`` → policy keys for that field, or None
        where nobody needs to watch it."""
        given = _mapping("NSFW_FIELDS", {})
        for label, options in given.items():
            if options is not None and not isinstance(options, Mapping):
                _refuse(
                    "NSFW_FIELDS",
                    f"{label!r} must be a dictionary of policy keys, or None for a field that "
                    f"nobody needs to watch, not {options!r}.",
                )
        return given

    @property
    def policy(self) -> Mapping[str, Any]:
        """``NSFW_POLICY`` laid over the defaults: policy keys for the whole project."""
        return {**DEFAULT_POLICY, **_mapping("NSFW_POLICY", {})}

    @property
    def limits(self) -> "Limits":
        """``NSFW_LIMITS`` laid over the defaults of :class:`~django_nsfw.limits.Limits`."""
        from dataclasses import fields

        from .limits import Limits

        given = _mapping("NSFW_LIMITS", {})
        valid = [f.name for f in fields(Limits)]
        for key, value in given.items():
            if key not in valid:
                _refuse("NSFW_LIMITS", f"has no limit {key!r}. Valid limits: {', '.join(valid)}.")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                _refuse("NSFW_LIMITS", f"{key!r} must be a number above 0, not {value!r}.")
            if key != "timeout" and not isinstance(value, int):
                _refuse("NSFW_LIMITS", f"{key!r} must be a whole number, not {value!r}.")
        return Limits(**given)

    @property
    def runner(self) -> str:
        """``NSFW_RUNNER``: dotted path of a :class:`~django_nsfw.runners.Runner`."""
        path = getattr(django_settings, "NSFW_RUNNER", DEFAULT_RUNNER)
        if not isinstance(path, str) or "." not in path:
            _refuse("NSFW_RUNNER", f"must be the dotted path of a runner, not {path!r}.")
        return path

    @property
    def background(self) -> "Background":
        """``NSFW_BACKGROUND`` laid over the defaults: what a background worker may take."""
        from .configured import Background

        given = _mapping("NSFW_BACKGROUND", {})
        for key, value in given.items():
            if key not in DEFAULT_BACKGROUND:
                valid = ", ".join(DEFAULT_BACKGROUND)
                _refuse("NSFW_BACKGROUND", f"has no key {key!r}. Valid keys: {valid}.")
            if key == "queue":
                if not isinstance(value, str):
                    _refuse("NSFW_BACKGROUND", f"'queue' must be a name, not {value!r}.")
            elif isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                _refuse("NSFW_BACKGROUND", f"{key!r} must be seconds above 0, not {value!r}.")
        merged = {**DEFAULT_BACKGROUND, **given}
        if merged["lease"] <= self.limits.timeout:
            _refuse(
                "NSFW_BACKGROUND",
                f"'lease' ({merged['lease']} s) must be above the timeout of one image in "
                f"NSFW_LIMITS ({self.limits.timeout:g} s): a slow worker would be taken for dead.",
            )
        if merged["deadline"] < merged["lease"]:
            _refuse(
                "NSFW_BACKGROUND",
                f"'deadline' ({merged['deadline']} s) must not be below 'lease' "
                f"({merged['lease']} s): no worker could be replaced in time.",
            )
        return Background(
            lease=timedelta(seconds=merged["lease"]),
            deadline=timedelta(seconds=merged["deadline"]),
            queue=merged["queue"],
        )

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

    @property
    def review(self) -> "Review":
        """``NSFW_REVIEW`` laid over the defaults: how moderators look at pictures."""
        from .configured import Review

        given = _mapping("NSFW_REVIEW", {})
        for key, value in given.items():
            if key not in DEFAULT_REVIEW:
                valid = ", ".join(DEFAULT_REVIEW)
                _refuse("NSFW_REVIEW", f"has no key {key!r}. Valid keys: {valid}.")
            whole = isinstance(value, int) and not isinstance(value, bool)
            if key == "blur" and not (whole and value in BLURS):
                _refuse("NSFW_REVIEW", f"'blur' must be 1, 2 or 3, not {value!r}.")
            if key in ("greyscale", "muted") and not isinstance(value, bool):
                _refuse("NSFW_REVIEW", f"{key!r} must be True or False, not {value!r}.")
            if key == "reveals_a_day" and value is not None and not (whole and value > 0):
                _refuse(
                    "NSFW_REVIEW",
                    f"'reveals_a_day' must be a whole number above 0, or None, not {value!r}.",
                )
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if key == "quality_share" and not (number and 0 <= value <= 1):
                _refuse(
                    "NSFW_REVIEW", f"'quality_share' must be a number from 0 to 1, not {value!r}."
                )
            if key == "base_url" and value != "" and not is_address(value):
                _refuse(
                    "NSFW_REVIEW",
                    f"'base_url' must be an address such as https://example.org, not {value!r}.",
                )
            if key == "claim_minutes" and not (whole and 0 < value <= LONGEST_CLAIM):
                _refuse(
                    "NSFW_REVIEW",
                    f"'claim_minutes' must be a whole number from 1 to {LONGEST_CLAIM}, "
                    f"not {value!r}.",
                )
        merged = {**DEFAULT_REVIEW, **given}
        return Review(claim=timedelta(minutes=merged.pop("claim_minutes")), **merged)

    @property
    def shadow(self) -> "Shadow | None":
        """``NSFW_SHADOW`` laid over the defaults; None where it is empty, and there is none."""
        from .configured import Shadow

        given = _mapping("NSFW_SHADOW", {})
        if not given:
            return None
        for key in given:
            if key not in DEFAULT_SHADOW:
                valid = ", ".join(DEFAULT_SHADOW)
                _refuse("NSFW_SHADOW", f"has no key {key!r}. Valid keys: {valid}.")
        merged = {**DEFAULT_SHADOW, **given}
        detector, share = merged["detector"], merged["share"]
        if not isinstance(detector, str) or not detector:
            _refuse(
                "NSFW_SHADOW",
                f"'detector' must be an alias of NSFW_DETECTORS, not {detector!r}.",
            )
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            _refuse("NSFW_SHADOW", f"'share' must be a number from 0 to 1, not {share!r}.")
        return Shadow(detector=detector, share=share)

    @property
    def webhooks(self) -> Sequence[Any]:
        """``NSFW_WEBHOOKS``: see :func:`django_nsfw.webhooks.endpoints.endpoints`."""
        given = getattr(django_settings, "NSFW_WEBHOOKS", ())
        if not isinstance(given, (list, tuple)):
            _refuse("NSFW_WEBHOOKS", f"must be a list of endpoints, not {given!r}.")
        return given


def is_address(url: Any) -> bool:
    """Whether it can stand before the path of a page."""
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not {*"?# "} & {*url}


def _mapping(name: str, default: Mapping[str, Any]) -> Mapping[str, Any]:
    value = getattr(django_settings, name, default)
    if not isinstance(value, Mapping):
        _refuse(name, f"must be a dictionary, not {value!r}.")
    return value


def _refuse(name: str, complaint: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name} {complaint}")


nsfw_settings = Settings()
