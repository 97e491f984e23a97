"""Thresholds that are to be tried, beside those that hold today."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..conf import nsfw_settings
from ..policy import Policy
from ..registry import registry


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Thresholds on ``nsfw`` from 0 to 1, or None for none, for one ``field`` by its label, or for
    all. ``ValueError`` says which value makes no sense, and why."""

    review: float | None
    reject: float | None
    field: str = ""

    def __post_init__(self) -> None:
        Policy.of({"review": self.review, "reject": self.reject})


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The policy of the field ``label`` as it is, before any object is asked, and as proposed."""

    label: str
    now: Policy
    then: Policy

    @property
    def lowest(self) -> float | None:
        """No score below it is decided on, now or then. None: no score is at all."""
        return lowest(self.now, self.then)


def lowest(*policies: Policy) -> float | None:
    """The score from which on any of them lets a file not simply pass."""
    thresholds = [t for policy in policies for t in (policy.review, policy.reject)]
    return min((t for t in thresholds if t is not None), default=None)


def policy_now(label: str = "") -> Policy:
    """The policy of a watched field, before any object is asked; of the project without a label,
    or with one of a field that is not watched."""
    watched = registry.watched.get(label)
    return Policy.of(nsfw_settings.policy, watched.options if watched else {})


def pairs(proposal: Proposal, labels: Sequence[str]) -> list[Pair]:
    """Of each watched field among ``labels``; other fields than the proposal's keep theirs."""
    made = []
    for label in labels:
        layers = [nsfw_settings.policy, registry.watched[label].options]
        now = then = Policy.of(*layers)
        if not proposal.field or label == proposal.field:
            then = Policy.of(*layers, {"review": proposal.review, "reject": proposal.reject})
        made.append(Pair(label=label, now=now, then=then))
    return made
