"""How scores are distributed, one distribution for each detector: they have no scale in common."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from ..conf import nsfw_settings
from .came import BINS, Came

MOST = 6
"""Detectors that are shown, the busiest first."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """From ``score`` on, as the settings say today, the fields in ``labels`` do ``what``."""

    score: float
    what: str
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """``counts`` of scans of the period in each of ``BINS``, of one identity.

    ``thresholds`` are those of the fields that it scored. ``varies``: labels of the fields whose
    policy may be another one for every object.
    """

    detector: str
    counts: tuple[int, ...]
    thresholds: tuple[Threshold, ...]
    varies: tuple[str, ...]

    @property
    def scored(self) -> int:
        return sum(self.counts)


def distributions(came: list[Came]) -> list[Distribution]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * BINS)
    labels: dict[str, set[str]] = defaultdict(set)
    for one in came:
        if any(one.scores):
            summed = zip(counts[one.detector], one.scores, strict=True)
            counts[one.detector] = [count + more for count, more in summed]
            labels[one.detector].add(one.field)
    busiest = sorted(counts, key=lambda detector: (-sum(counts[detector]), detector))[:MOST]
    return [
        Distribution(
            detector=detector, counts=tuple(counts[detector]), **_policies(sorted(labels[detector]))
        )
        for detector in busiest
    ]


def _policies(labels: list[str]) -> dict[str, Any]:
    from ..policy import Policy
    from ..registry import registry

    at: dict[tuple[float, str], list[str]] = defaultdict(list)
    varies = []
    for label in labels:
        watched = registry.watched.get(label)
        if watched is None:
            continue  # it left the project since
        policy = Policy.of(nsfw_settings.policy, watched.options)
        if policy.for_object:
            varies.append(label)
        for what in ("review", "reject"):
            score = getattr(policy, what)
            if score is not None:
                at[score, what].append(label)
    return {
        "thresholds": tuple(
            Threshold(score=score, what=what, labels=tuple(labels))
            for (score, what), labels in sorted(at.items())
        ),
        "varies": tuple(varies),
    }
