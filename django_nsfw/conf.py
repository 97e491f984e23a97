"""The settings of this app, read live and typed. Defaults live here and nowhere else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    "explain": True,
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
    """One property a setting. Each raises ``ImproperlyConfigured`` naming every bad value."""

    @property
    def detectors(self) -> Mapping[str, Mapping[str, Any]]:
        """``NSFW_DETECTORS``: alias → ``{"BACKEND": dotted path, "OPTIONS": {…}}``."""
        return _mapping("NSFW_DETECTORS", DEFAULT_DETECTORS)

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any] | None]:
        """``NSFW_FIELDS``: ``"app_label.Model.field"`` → policy keys for that field, or None
        where nobody needs to watch it."""
        given = _mapping("NSFW_FIELDS", {})
        _refuse_all("NSFW_FIELDS", _wrong_fields(given))
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
        _refuse_all("NSFW_LIMITS", _wrong_limits(given, [f.name for f in fields(Limits)]))
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
        _refuse_all("NSFW_BACKGROUND", _wrong_background(given))
        merged = {**DEFAULT_BACKGROUND, **given}
        _refuse_all("NSFW_BACKGROUND", _wrong_times(merged, self.limits.timeout))
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
        _refuse_all("NSFW_RETENTION", _wrong_retention(given))
        return {status: days for status, days in given.items() if days is not None}

    @property
    def review(self) -> "Review":
        """``NSFW_REVIEW`` laid over the defaults: how moderators look at pictures."""
        from .configured import Review

        given = _mapping("NSFW_REVIEW", {})
        _refuse_all("NSFW_REVIEW", _wrong_review(given))
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


def _wrong_fields(given: Mapping[Any, Any]) -> Iterator[str]:
    for label, options in given.items():
        if not isinstance(label, str):
            yield f"names each field as 'app_label.Model.field', not {label!r}."
        if options is not None and not isinstance(options, Mapping):
            yield (
                f"{label!r} must be a dictionary of policy keys, or None for a field that "
                f"nobody needs to watch, not {options!r}."
            )


def _wrong_limits(given: Mapping[str, Any], valid: Sequence[str]) -> Iterator[str]:
    for key, value in given.items():
        if key not in valid:
            yield f"has no limit {key!r}. Valid limits: {', '.join(valid)}."
        elif not _is_number(value) or value <= 0:
            yield f"{key!r} must be a number above 0, not {value!r}."
        elif key != "timeout" and not isinstance(value, int):
            yield f"{key!r} must be a whole number, not {value!r}."


def _wrong_background(given: Mapping[str, Any]) -> Iterator[str]:
    for key, value in given.items():
        if key not in DEFAULT_BACKGROUND:
            yield f"has no key {key!r}. Valid keys: {', '.join(DEFAULT_BACKGROUND)}."
        elif key == "queue":
            if not isinstance(value, str):
                yield f"'queue' must be a name, not {value!r}."
        elif not _is_number(value) or value <= 0:
            yield f"{key!r} must be seconds above 0, not {value!r}."


def _wrong_times(background: Mapping[str, Any], timeout: float) -> Iterator[str]:
    lease, deadline = background["lease"], background["deadline"]
    if lease <= timeout:
        yield (
            f"'lease' ({lease} s) must be above the timeout of one image in NSFW_LIMITS "
            f"({timeout:g} s): a slow worker would be taken for dead."
        )
    if deadline < lease:
        yield (
            f"'deadline' ({deadline} s) must not be below 'lease' ({lease} s): no worker could be "
            "replaced in time."
        )


def _wrong_retention(given: Mapping[str, Any]) -> Iterator[str]:
    valid = f"Valid statuses: {', '.join(RETAINED)}."
    for status, days in given.items():
        if status == "held":
            yield (
                "must not name 'held': those files wait for a moderator, and what nobody has "
                f"seen is not deleted by its age. {valid}"
            )
        elif status not in RETAINED:
            yield f"holds nothing for {status!r}. {valid}"
        elif days is not None and not (_is_whole(days) and 0 < days <= LONGEST_RETENTION):
            yield (
                f"{status!r} must be a whole number of days from 1 to {LONGEST_RETENTION}, or "
                f"None for ever, not {days!r}."
            )


def _wrong_review(given: Mapping[str, Any]) -> Iterator[str]:
    for key, value in given.items():
        if key not in DEFAULT_REVIEW:
            yield f"has no key {key!r}. Valid keys: {', '.join(DEFAULT_REVIEW)}."
        elif key == "blur" and not (_is_whole(value) and value in BLURS):
            yield f"'blur' must be 1, 2 or 3, not {value!r}."
        elif key in ("greyscale", "muted", "explain") and not isinstance(value, bool):
            yield f"{key!r} must be True or False, not {value!r}."
        elif key == "reveals_a_day" and value is not None and not (_is_whole(value) and value > 0):
            yield f"'reveals_a_day' must be a whole number above 0, or None, not {value!r}."
        elif key == "quality_share" and not (_is_number(value) and 0 <= value <= 1):
            yield f"'quality_share' must be a number from 0 to 1, not {value!r}."
        elif key == "base_url" and value != "" and not is_address(value):
            yield f"'base_url' must be an address such as https://example.org, not {value!r}."
        elif key == "claim_minutes" and not (_is_whole(value) and 0 < value <= LONGEST_CLAIM):
            yield (
                f"'claim_minutes' must be a whole number from 1 to {LONGEST_CLAIM}, not {value!r}."
            )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _refuse_all(name: str, complaints: Iterable[str]) -> None:
    """Nothing where there are none; or else all of them at once, a sentence each."""
    if said := " ".join(f"{name} {complaint}" for complaint in complaints):
        raise ImproperlyConfigured(said)


def _refuse(name: str, complaint: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name} {complaint}")


nsfw_settings = Settings()
