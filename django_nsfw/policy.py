"""Assessment → verdict → action. Pure: no I/O, no settings, tested by tables."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

from .verdict import Verdict

if TYPE_CHECKING:  # every process of a site has policies, and few ever score anything
    from .scores import Assessment, KnownMatch

Rule = Literal["apply", "review", "ignore"]

OTHER_FILE = "not_a_picture"
"""The failure of a file that is no picture, neither by its bytes nor by its name."""

NAME_MATTERS = frozenset({"extension_mismatch", "unsupported_format", OTHER_FILE})
"""Failures that an approved twin does not excuse: the approval was for bytes, not for the name
under which a server would now hand them to browsers."""


class Action(StrEnum):
    """What happens to the file."""

    PASS = "pass"  # noqa: S105 - not a password
    FLAG = "flag"
    HOLD = "hold"


class KnownOptions(TypedDict, total=False):
    """The keys of the policy key ``known``."""

    exact: Rule
    similar: Rule
    rotations: bool


@dataclass(frozen=True, kw_only=True)
class KnownRules:
    """What becomes of an upload that a decision settles already."""

    exact: Rule = "apply"
    """The same bytes."""
    similar: Rule = "review"
    """Within 31 of the 256 bits of the PDQ hash."""
    rotations: bool = False
    """Look for turned and mirrored ones as well."""

    def rule(self, match: "KnownMatch") -> Rule:
        return self.exact if match.exact else self.similar


class PolicyOptions(TypedDict, total=False):
    """The keys of ``NSFW_POLICY``, of an entry of ``NSFW_FIELDS`` and of ``NSFWValidator``."""

    review: float | None
    reject: float | None
    on_error: Literal["hold", "reject", "allow"]
    on_review: Literal["hold", "flag"]
    other_files: Literal["fault", "allow"]
    publish: Literal["after_scan", "immediately"]
    known: KnownOptions
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
    other_files: Literal["fault", "allow"] = "fault"
    """``allow``: what is no picture, neither by its first bytes nor by its name, is let through."""
    publish: Literal["after_scan", "immediately"] = "after_scan"
    """Whether visitors see a file before a background worker has scored it."""
    known: KnownRules = KnownRules()
    """What a decision about the same or a similar picture does here."""
    detector: str = "default"
    """Alias in ``NSFW_DETECTORS``."""
    uploader: str = ""
    """Path from the object to its user, ``"owner"`` or ``"album__owner"``."""
    for_object: str = ""
    """Dotted path to a callable ``(instance, field_name) -> policy keys``; the last layer."""

    @classmethod
    def of(cls, *layers: Mapping[str, Any]) -> "Policy":
        """The policy of settings layers, later ones winning. ``ValueError`` names what is wrong.

        ``known`` is merged key by key: a layer that says ``similar`` leaves ``exact`` as it was.
        """
        merged: dict[str, Any] = {}
        known = KnownRules()
        for layer in layers:
            merged |= layer
            if "known" in layer:
                known = merged["known"] = _known(known, layer["known"])
        valid = [f.name for f in fields(cls)]
        for key in merged:
            if key not in valid:
                raise ValueError(f"unknown policy key {key!r}. Valid keys: {', '.join(valid)}.")
        policy = cls(**merged)
        policy._validate()
        return policy

    def verdict(self, assessment: "Assessment", match: "KnownMatch | None" = None) -> Verdict:
        """What becomes of the file; ``match`` is what is known of it, if anything is.

        A rejected twin under ``review`` makes a person look where nobody would; an approved one
        changes nothing there, and is shown to who looks.
        """
        found = self._verdict_of_scores(assessment)
        if match is None:
            return found
        if self.settles(match, assessment):
            return Verdict.REJECT if match.rejected else Verdict.ALLOW
        passes = self.action(found) is Action.PASS
        if match.rejected and passes and self.known.rule(match) != "ignore":
            return Verdict.REVIEW
        return found

    def settles(self, match: "KnownMatch", assessment: "Assessment") -> bool:
        """Whether the decision behind ``match`` holds for this file, whatever its score."""
        if self.known.rule(match) != "apply":
            return False
        failure = assessment.failure
        return match.rejected or failure is None or failure.code not in NAME_MATTERS

    def _verdict_of_scores(self, assessment: "Assessment") -> Verdict:
        failure = assessment.failure
        if failure is not None and failure.code == OTHER_FILE and self.other_files == "allow":
            return Verdict.ALLOW
        if failure is not None or assessment.nsfw is None:
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

    def action_until_scored(self) -> Action:
        """What happens to a file that waits for a background worker."""
        return Action.PASS if self.publish == "immediately" else Action.HOLD

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
            ("other_files", ("fault", "allow")),
            ("publish", ("after_scan", "immediately")),
        ):
            if getattr(self, key) not in choices:
                raise ValueError(
                    f"{key!r} must be one of {', '.join(choices)}, not {getattr(self, key)!r}."
                )
        for key in ("detector", "uploader", "for_object"):
            if not isinstance(getattr(self, key), str):
                raise ValueError(f"{key!r} must be a string, not {getattr(self, key)!r}.")


def _known(rules: KnownRules, layer: Any) -> KnownRules:
    """``rules`` with a layer of settings laid over them."""
    if isinstance(layer, KnownRules):
        return layer
    if not isinstance(layer, Mapping):
        raise ValueError(f"'known' must be a dictionary, not {layer!r}.")
    for key, value in layer.items():
        if key not in asdict(rules):
            raise ValueError(f"'known' has no key {key!r}. Valid keys: {', '.join(asdict(rules))}.")
        if key == "rotations":
            if not isinstance(value, bool):
                raise ValueError(f"'known': 'rotations' must be True or False, not {value!r}.")
        elif value not in get_args(Rule):
            raise ValueError(
                f"'known': {key!r} must be one of {', '.join(get_args(Rule))}, not {value!r}."
            )
    return replace(rules, **layer)
