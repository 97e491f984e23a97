"""The thresholds that the settings have today, and what they would be for the shadow."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet

from ..conf import nsfw_settings
from ..models import ShadowScore
from ..models.planning import Unsought
from ..policy import Policy
from ..registry import WatchedField, registry
from .carrying import Carried, carry
from .pairs import Pair, newest_pairs

What = Literal["review", "reject"]
WHATS: tuple[What, ...] = ("review", "reject")

LASTS = 300
"""Seconds for which the queue goes by the same thresholds, instead of finding them again."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """``what`` happens from ``score`` on to files of ``labels``, on which ``detector``, an alias,
    decides. ``setting`` is where it stands: ``NSFW_POLICY``, ``NSFW_FIELDS`` or ``NSFWValidator``.
    """

    setting: str
    what: What
    score: float
    detector: str
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """A threshold of today, and the same one for the shadow. Both identities are empty where no
    picture has both scores."""

    threshold: Threshold
    carried: Carried
    deciding: str = ""
    shadow: str = ""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """From which scores on somebody looks at files of a field: of the detector that decides, and
    of the shadow."""

    field: str
    deciding: str
    decided: float
    shadow: str
    nsfw: float

    def disagree(self, pair: Pair) -> int:
        """1 where the shadow would have somebody look and the other does not, -1 the other way
        round, 0 where both are of one opinion."""
        return (pair.nsfw >= self.nsfw) - (pair.decided >= self.decided)


def thresholds(fields: Collection[str] | None = None) -> list[Threshold]:
    """Those of watched fields, or of these; one that several fields have from the same place is
    one. What a callable of the site says about single objects is not known here."""
    found: dict[tuple[str, What, float, str, str], list[str]] = defaultdict(list)
    for label, watched in sorted(registry.watched.items()):
        if fields is not None and label not in fields:
            continue
        try:
            policy = Policy.of(nsfw_settings.policy, watched.options)
        except (ImproperlyConfigured, ValueError):
            continue  # E005 and E007 report it
        for what in WHATS:
            score, setting = getattr(policy, what), _setting(watched, what)
            if score is not None:
                own = "" if setting == "NSFW_POLICY" else label
                found[setting, what, score, policy.detector, own].append(label)
    return [
        Threshold(setting=setting, what=what, score=score, detector=detector, labels=tuple(labels))
        for (setting, what, score, detector, _), labels in found.items()
    ]


def _setting(watched: WatchedField, what: What) -> str:
    if what in (nsfw_settings.fields.get(watched.label) or {}):
        return "NSFW_FIELDS"
    return "NSFWValidator" if what in watched.options else "NSFW_POLICY"


def replacements(found: Sequence[Threshold], pairs: Sequence[Pair]) -> list[Replacement]:
    """Each threshold for the shadow, from the pictures of the fields that it holds for."""
    return [_replacement(threshold, pairs) for threshold in found]


def _replacement(threshold: Threshold, pairs: Sequence[Pair]) -> Replacement:
    of_fields = [pair for pair in pairs if pair.field in threshold.labels]
    deciding = of_fields[0].deciding if of_fields else ""
    same = [pair.scores for pair in of_fields if pair.deciding == deciding]
    return Replacement(
        threshold=threshold,
        carried=carry(same, threshold.score),
        deciding=deciding,
        shadow=of_fields[0].shadow if of_fields else "",
    )


def looked_at(carried: Sequence[Replacement]) -> dict[str, Looked]:
    """By field; without those of which nothing can be said yet. Where nobody is asked to look it
    is the threshold from which uploads are refused."""
    found: dict[str, Looked] = {}
    for one in sorted(carried, key=lambda one: WHATS.index(one.threshold.what), reverse=True):
        for label in one.threshold.labels:
            found.pop(label, None)
            if one.carried.new is not None and one.deciding:
                found[label] = Looked(
                    field=label,
                    deciding=one.deciding,
                    decided=one.threshold.score,
                    shadow=one.shadow,
                    nsfw=one.carried.new,
                )
    return found


def in_force() -> dict[str, Looked]:
    """``looked_at`` for all fields, as it was within ``LASTS``."""
    asked = thresholds()
    key = f"django_nsfw:shadow:{hashlib.sha256(repr(asked).encode()).hexdigest()}"
    found: dict[str, Looked] | None = cache.get(key)
    if found is None:
        found = looked_at(replacements(asked, newest_pairs(ShadowScore.objects.all())))
        cache.set(key, found, LASTS)
    return found


def disagreeing() -> QuerySet[ShadowScore]:
    """Those of which one of the two would have somebody look, and the other would not.

    Every condition has a score beyond a threshold, of few pictures, and an index leads to these.
    """
    alike: dict[tuple[str, str, float, float], list[str]] = defaultdict(list)
    for label, looked in in_force().items():
        alike[looked.deciding, looked.shadow, looked.decided, looked.nsfw].append(label)
    wanted = Q(pk__in=[])
    for (deciding, shadow, decided, nsfw), labels in alike.items():
        high, low = Q(detector=shadow, nsfw__gte=nsfw), Q(by=deciding, decided__lt=decided)
        wanted |= high & low & Q(of_field__in=sorted(labels))
        high = Q(deciding_detector=deciding, deciding_nsfw__gte=decided)
        low = Q(by_shadow=shadow, of_shadow__lt=nsfw)
        wanted |= high & low & Q(of_field__in=sorted(labels))
    return ShadowScore.objects.alias(
        by=Unsought("deciding_detector"),
        decided=Unsought("deciding_nsfw"),
        by_shadow=Unsought("detector"),
        of_shadow=Unsought("nsfw"),
        of_field=Unsought("field"),
    ).filter(wanted)
