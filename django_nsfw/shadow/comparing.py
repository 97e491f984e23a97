"""How far the shadow and the detectors that decide agree: all figures of one report."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db.models import Count

from ..intervals import wilson
from ..models import QualityCheck, Scan, ShadowScore
from .carrying import quantile, spearman
from .pairs import Pair, newest_pairs, since
from .thresholds import Looked, Replacement, looked_at, replacements, thresholds

SHARES = (0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001)
"""Of the pictures, those with the highest scores."""

ASKED = 1000
"""Pictures, the newest, of which people are asked whether they checked them."""

Outcome = Literal["allow", "review", "reject"]
OUTCOMES: tuple[Outcome, ...] = ("allow", "review", "reject")


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Of the pictures on which the two disagree one way: whom people agreed with, by a decision
    or in the quality sample, and of how many nobody has said anything."""

    shadow: int
    deciding: int
    open: int

    @property
    def share(self) -> float | None:
        """Of those that people settled, how many they settled as the shadow would have it."""
        judged = self.shadow + self.deciding
        return self.shadow / judged if judged else None

    @property
    def between(self) -> tuple[float, float] | None:
        return wilson(self.shadow, self.shadow + self.deciding)


@dataclass(frozen=True, kw_only=True)
class FieldFigures:
    """``stricter``: the shadow would have somebody look and the other does not; ``milder``: the
    other way round. ``compared``: pictures on which that can be said."""

    field: str
    pairs: int
    compared: int
    stricter: int
    milder: int
    correlation: float | None


@dataclass(frozen=True, kw_only=True)
class Quantile:
    """The lowest scores that ``share`` of the pictures reach."""

    share: float
    decided: float
    nsfw: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """``drawn``, ``waiting`` and ``failures`` count all that was drawn in the time; everything
    else is about the newest pairs. ``verdicts``: what decided and what the shadow would have, in
    that order → pictures. ``ms``: mean time of what the shadow really scored."""

    shadow: str
    deciding: tuple[str, ...]
    drawn: int
    waiting: int
    failures: Mapping[str, int]
    pairs: int
    ms: float | None
    correlation: float | None
    verdicts: Mapping[tuple[Outcome, Outcome], int]
    fields: Sequence[FieldFigures]
    stricter: Settled
    milder: Settled
    quantiles: Sequence[Quantile]
    carried: Sequence[Replacement]


def report(*, fields: Collection[str] | None = None, after: datetime | None = None) -> Report:
    """In these fields, all without; of what was drawn after that moment. Five queries."""
    rows = since(ShadowScore.objects.all(), after)
    if fields is not None:
        rows = rows.filter(field__in=sorted(fields))
    pairs = newest_pairs(rows)
    carried = replacements(thresholds(fields), pairs)
    looked = looked_at(carried)
    apart = [(pair, looked[pair.field].disagree(pair)) for pair in pairs if pair.field in looked]
    checked = _checked([pair for pair, way in apart if way])
    codes = dict(rows.exclude(error_code="").order_by().values_list("error_code").annotate(
        n=Count("pk")))  # fmt: skip
    timed = [pair.ms for pair in pairs if pair.ms]
    return Report(
        shadow=pairs[0].shadow if pairs else "",
        deciding=tuple(sorted({pair.deciding for pair in pairs})),
        drawn=rows.count(),
        waiting=rows.waiting().count(),
        failures=dict(sorted(codes.items())),
        pairs=len(pairs),
        ms=sum(timed) / len(timed) if timed else None,
        correlation=_correlation(pairs),
        verdicts=_verdicts(pairs, carried),
        fields=[_field(label, pairs, looked) for label in sorted({pair.field for pair in pairs})],
        stricter=_settled([pair for pair, way in apart if way > 0], checked, stricter=True),
        milder=_settled([pair for pair, way in apart if way < 0], checked, stricter=False),
        quantiles=_quantiles(pairs),
        carried=carried,
    )


def _field(label: str, pairs: Sequence[Pair], looked: Mapping[str, Looked]) -> FieldFigures:
    own = [pair for pair in pairs if pair.field == label]
    ways = Counter(looked[label].disagree(pair) for pair in own) if label in looked else Counter()
    return FieldFigures(
        field=label,
        pairs=len(own),
        compared=ways.total(),
        stricter=ways[1],
        milder=ways[-1],
        correlation=spearman([pair.scores for pair in own]),
    )


def _correlation(pairs: Sequence[Pair]) -> float | None:
    """None where several detectors decided: their scores have no order in common."""
    one = len({pair.deciding for pair in pairs}) == 1
    return spearman([pair.scores for pair in pairs]) if one else None


def _quantiles(pairs: Sequence[Pair]) -> list[Quantile]:
    if len({pair.deciding for pair in pairs}) != 1:
        return []
    decided = sorted(pair.decided for pair in pairs)
    scores = sorted(pair.nsfw for pair in pairs)
    return [
        Quantile(share=share, decided=quantile(decided, share), nsfw=quantile(scores, share))
        for share in SHARES
        if share * len(pairs) >= 1
    ]


def _verdicts(
    pairs: Sequence[Pair], carried: Sequence[Replacement]
) -> dict[tuple[Outcome, Outcome], int]:
    """Without fields of which some threshold cannot be carried over yet."""
    of_field: dict[str, list[Replacement]] = {}
    for one in carried:
        for label in one.threshold.labels:
            of_field.setdefault(label, []).append(one)
    counts = Counter[tuple[Outcome, Outcome]]()
    for pair in pairs:
        own = of_field.get(pair.field)
        if own and all(one.carried.new is not None for one in own):
            old: dict[str, Any] = {one.threshold.what: one.threshold.score for one in own}
            new: dict[str, Any] = {one.threshold.what: one.carried.new for one in own}
            counts[_outcome(pair.decided, old), _outcome(pair.nsfw, new)] += 1
    return {(one, other): counts[one, other] for one in OUTCOMES for other in OUTCOMES}


def _outcome(score: float, from_: Mapping[str, float]) -> Outcome:
    if score >= from_.get("reject", math.inf):
        return "reject"
    return "review" if score >= from_.get("review", math.inf) else "allow"


def _settled(pairs: Sequence[Pair], checked: Collection[Any], *, stricter: bool) -> Settled:
    """``checked``: scans of which somebody said that people may see them."""
    counts = Counter(
        "rejected" if pair.status == Scan.Status.REJECTED
        else "approved" if pair.status == Scan.Status.APPROVED or pair.scan in checked
        else "open"
        for pair in pairs
    )  # fmt: skip
    agreed = ("rejected", "approved") if stricter else ("approved", "rejected")
    return Settled(shadow=counts[agreed[0]], deciding=counts[agreed[1]], open=counts["open"])


def _checked(pairs: Sequence[Pair]) -> frozenset[Any]:
    clear = [pair.scan for pair in pairs if pair.status == Scan.Status.CLEAR][:ASKED]
    if not clear:
        return frozenset()
    yes = QualityCheck.objects.filter(scan_id__in=clear, answer=QualityCheck.Answer.YES)
    return frozenset(yes.values_list("scan_id", flat=True))
