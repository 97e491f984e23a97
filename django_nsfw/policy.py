"""Assessment → verdict → action. Pure: no I/O, no settings, tested by tables."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Literal, TypedDict

from .scores import Assessment, Verdict


class Action(StrEnum):
    """What happens to the file."""

    PASS = "pass"  # noqa: S105 - not a password
    FLAG = "flag"
    HOLD = "hold"


class PolicyOptions(TypedDict, total=False):
    """The keys of ``NSFW_POLICY``, of an entry of ``NSFW_FIELDS`` and of ``NSFWValidator``."""

    review: float | None
    reject: float | None
    on_error: Literal["hold", "reject", "allow"]
    on_review: Literal["hold", "flag"]
    detector: str
    uploader: str
    for_object: str


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Thresholds on ``nsfw`` and rules, after every layer of settings was applied.

    A score is compared with ``>=``; None switches a threshold off.
    """

    review: float | None = 0.5
    """From this score on a person must look."""
    reject: float | None = None
    """From this score on the upload is refused where it can be, held elsewhere."""
    on_error: Literal["hold", "reject", "allow"] = "hold"
    """What becomes of a file that could not be scored."""
    on_review: Literal["hold", "flag"] = "hold"
    """``flag``: stays public and waits in the queue."""
    detector: str = "default"
    """Alias in ``NSFW_DETECTORS``."""
    uploader: str = ""
    """Path from the object to its user, ``"owner"`` or ``"album__owner"``."""
    for_object: str = ""
    """Dotted path to a callable ``(instance, field_name) -> policy keys``; the last layer."""

    @classmethod
    def of(cls, *layers: Mapping[str, Any]) -> "Policy":
        """The policy of settings layers, later ones winning. ``ValueError`` names what is wrong."""
        merged: dict[str, Any] = {}
        for layer in layers:
            merged |= layer
        valid = [f.name for f in fields(cls)]
        for key in merged:
            if key not in valid:
                raise ValueError(f"unknown policy key {key!r}. Valid keys: {', '.join(valid)}.")
        policy = cls(**merged)
        policy._validate()
        return policy

    def verdict(self, assessment: Assessment) -> Verdict:
        if assessment.failure is not None or assessment.nsfw is None:
            return Verdict.UNKNOWN
        if self.reject is not None and assessment.nsfw >= self.reject:
            return Verdict.REJECT
        if self.review is not None and assessment.nsfw >= self.review:
            return Verdict.REVIEW
        return Verdict.ALLOW

    def action(self, verdict: Verdict) -> Action:
        """What a path that cannot refuse does with the file."""
        if verdict is Verdict.ALLOW:
            return Action.PASS
        if verdict is Verdict.REVIEW and self.on_review == "flag":
            return Action.FLAG
        if verdict is Verdict.UNKNOWN and self.on_error == "allow":
            return Action.PASS
        return Action.HOLD

    def _validate(self) -> None:
        for key in ("review", "reject"):
            value = getattr(self, key)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{key!r} must be a number from 0 to 1 or None, not {value!r}.")
            if not 0 <= value <= 1:
                raise ValueError(f"{key!r} must be from 0 to 1, not {value!r}.")
        if self.review is not None and self.reject is not None and self.reject < self.review:
            raise ValueError(
                f"'reject' ({self.reject}) must not be below 'review' ({self.review}): "
                "nothing would ever reach a moderator."
            )
        for key, choices in (
            ("on_error", ("hold", "reject", "allow")),
            ("on_review", ("hold", "flag")),
        ):
            if getattr(self, key) not in choices:
                raise ValueError(
                    f"{key!r} must be one of {', '.join(choices)}, not {getattr(self, key)!r}."
                )
        for key in ("detector", "uploader", "for_object"):
            if not isinstance(getattr(self, key), str):
                raise ValueError(f"{key!r} must be a string, not {getattr(self, key)!r}.")
