"""Scans → what two policies make of them. Six queries, and no row is read.

Only scores above the lowest threshold are looked at, along the index of scores: of a million
uploads that is a small part, and the rest passes either way.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from ..models import Decision, QualityCheck, Scan
from ..policy import Policy
from ..quality import CERTAIN
from ..reports import Scope
from ..reports.inflow import BY_PERSON
from ..reports.period import date_of
from .outcome import Counts, Outcome, Simulation
from .proposal import Pair, Proposal, pairs

PASS, REVIEW, REJECT = 0, 1, 2

EQUALS_KNOWN = Q(known__isnull=False, known_distance__isnull=True)

SETTLED = (Scan.Status.APPROVED, Scan.Status.REJECTED)

Rows = Sequence[Mapping[str, Any]]


def simulate(scope: Scope, proposal: Proposal) -> Simulation:
    """What ``proposal`` would have done to what came in the period of ``scope``, in its fields."""
    labels = [label for label in scope.fields if proposal.field in ("", label)]
    compared = pairs(proposal, labels)
    came = scope.came.filter(field__in=labels).order_by()
    decided_by_score = came.exclude(_known(compared))
    numbers = {
        "came": _by_field(came),
        "unscored": _by_field(came.filter(nsfw__isnull=True)),
        "known": _by_field(came.filter(_known(compared))),
    }
    above = _above(scope, decided_by_score, compared)
    settled = _settled(decided_by_score, compared)
    checked = _checked(scope, compared)
    return Simulation(
        fields=tuple(
            _outcome(
                pair,
                scope.period.days,
                above=_of_field(above, pair),
                settled=_of_field(settled, pair),
                checked=_of_field(checked, pair),
                **{name: counts[pair.label] for name, counts in numbers.items()},
            )
            for pair in compared
        )
    )


def _outcome(
    pair: Pair, days: Sequence[date], *, above: Rows, settled: Rows, checked: Rows, **numbers: int
) -> Outcome:
    detector = _newest(above) or _most([*settled, *checked])
    others = sum(row["count"] for row in above if row["detector"] != detector)
    above, settled, checked = (
        [row for row in rows if row["detector"] == detector] for rows in (above, settled, checked)
    )
    held: Counter[date] = Counter()
    for row in above:
        held[date_of(row["day"])] += row["count"] if row["then"] != PASS else 0
    rejected = [row for row in settled if row["status"] == Scan.Status.REJECTED]
    approved = [row for row in settled if row["status"] == Scan.Status.APPROVED]
    return Outcome(
        label=pair.label,
        detector=detector,
        others=others,
        now=Counts(review=_sum(above, now=REVIEW), reject=_sum(above, now=REJECT)),
        then=Counts(review=_sum(above, then=REVIEW), reject=_sum(above, then=REJECT)),
        daily=tuple(held[day] for day in days),
        varies=bool(pair.now.for_object),
        rejected=_sum(rejected),
        missed=_sum(rejected, then=PASS),
        approved=_sum(approved),
        spared=_sum(approved, then=PASS),
        refused=_sum(approved, then=REJECT),
        checked=_sum(checked),
        unfit=_sum(checked, answer=QualityCheck.Answer.NO),
        **numbers,
    )


def _above(scope: Scope, scans: QuerySet[Scan], compared: Sequence[Pair]) -> Rows:
    """Of each day, by both policies."""
    labels: dict[float, list[str]] = defaultdict(list)
    for pair in compared:
        if pair.lowest is not None:
            labels[pair.lowest].append(pair.label)
    if not labels:
        return []
    above = reduce(or_, (Q(field__in=named, nsfw__gte=low) for low, named in labels.items()))
    return list(
        scans.filter(above, nsfw__gte=min(labels))  # the index knows of no fields
        .values("field", "detector", day=scope.period.day_of("created_at", scope.db))
        .annotate(now=_zone(compared, "now"), then=_zone(compared, "then"))
        .values("field", "detector", "day", "now", "then")
        .annotate(count=Count("*"), newest=Max("scored_at"))
    )


def _settled(scans: QuerySet[Scan], compared: Sequence[Pair]) -> Rows:
    """What people approved and rejected themselves, and did not undo."""
    by_person = Decision.objects.standing().filter(
        BY_PERSON, scan=OuterRef("pk"), to_status=OuterRef("status")
    )
    return list(
        scans.filter(Exists(by_person), status__in=SETTLED, nsfw__isnull=False)
        .values("field", "detector", "status", then=_zone(compared, "then"))
        .annotate(count=Count("*"))
    )


def _checked(scope: Scope, compared: Sequence[Pair]) -> Rows:
    """What was said first, and for certain, of pictures that pass now and then."""
    certain = QualityCheck.objects.filter(answer__in=CERTAIN)
    earlier = certain.filter(scan=OuterRef("scan"), pk__lt=OuterRef("pk"))
    return list(
        certain.filter(
            ~Exists(earlier),
            scope.within("scan__created_at"),
            scan__field__in=[pair.label for pair in compared],
            scan__nsfw__isnull=False,
        )
        .annotate(
            now=_zone(compared, "now", scan="scan__"), then=_zone(compared, "then", scan="scan__")
        )
        .filter(now=PASS, then=PASS)
        .order_by()
        .values("answer", field=F("scan__field"), detector=F("scan__detector"))
        .annotate(count=Count("*"))
    )


def _zone(compared: Iterable[Pair], which: str, *, scan: str = "") -> Case:
    """What the policy ``now`` or ``then`` of each field makes of a score."""
    labels: dict[tuple[float | None, float | None], list[str]] = defaultdict(list)
    for pair in compared:
        policy: Policy = getattr(pair, which)
        labels[policy.review, policy.reject].append(pair.label)
    whens = [
        When(**{f"{scan}field__in": named, f"{scan}nsfw__gte": threshold}, then=Value(zone))
        for (review, reject), named in labels.items()
        for threshold, zone in ((reject, REJECT), (review, REVIEW))
        if threshold is not None
    ]
    return Case(*whens, default=Value(PASS), output_field=IntegerField())


def _known(compared: Iterable[Pair]) -> Q:
    """What a decision about the same bytes settles, whatever the score."""
    settling = [pair.label for pair in compared if pair.now.known.exact == "apply"]
    return EQUALS_KNOWN & Q(field__in=settling)


def _by_field(scans: QuerySet[Scan]) -> Counter[str]:
    return Counter(dict(scans.values_list("field").annotate(count=Count("*"))))


def _of_field(rows: Rows, pair: Pair) -> Rows:
    return [row for row in rows if row["field"] == pair.label]


def _newest(rows: Rows) -> str:
    """The detector that scored last."""
    newest = max(rows, key=lambda row: row["newest"], default=None)
    return newest["detector"] if newest else ""


def _most(rows: Rows) -> str:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row["detector"]] += row["count"]
    return counts.most_common(1)[0][0] if counts else ""


def _sum(rows: Rows, **wanted: Any) -> int:
    return sum(row["count"] for row in rows if wanted.items() <= row.items())
