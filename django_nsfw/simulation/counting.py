"""Scans → what two policies make of them. Six queries, and no row is read.

Only scores above the lowest threshold are looked at, along the index of scores: of a million
uploads that is a small part, and the rest passes either way.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial, reduce
from operator import or_
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from ..models import Decision, QualityCheck, Scan
from ..models.planning import Grouped
from ..policy import Policy
from ..quality import CERTAIN
from ..reports import Scope
from ..reports.inflow import BY_PERSON
from ..reports.period import date_of
from .outcome import Counts, Outcome, Simulation
from .proposal import Pair, Proposal, lowest, pairs

PASS, REVIEW, REJECT = 0, 1, 2

EQUALS_KNOWN = Q(known__gt=0, known_distance__isnull=True)
"""SQLite finds no row along an index by a key that is not null, but by one that is above."""

SETTLED = (Scan.Status.APPROVED, Scan.Status.REJECTED)

Rows = Sequence[Mapping[str, Any]]


def simulate(scope: Scope, proposal: Proposal) -> Simulation:
    """What ``proposal`` would have done to what came in the period of ``scope``, in its fields."""
    labels = [label for label in scope.fields if proposal.field in ("", label)]
    compared = pairs(proposal, labels)
    among = partial(scope.came_among, labels=labels)
    numbers = {
        "came": _by_field(scope.came.annotate(of_field=Grouped("field"))),
        "unscored": _by_field(among(_of_any_status().filter(nsfw__isnull=True))),
        "known": _by_field(among(Scan.objects.all()).filter(_known(compared, field="of_field"))),
    }
    above = _above(scope, compared)
    settled = _settled(scope, compared)
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
    others = sum(row["count"] for row in above if row["of_detector"] != detector)
    above, settled, checked = (
        [row for row in rows if row["of_detector"] == detector]
        for rows in (above, settled, checked)
    )
    held: Counter[date] = Counter()
    for row in above:
        held[date_of(row["day"])] += row["then_held"]
    rejected = [row for row in settled if row["status"] == Scan.Status.REJECTED]
    approved = [row for row in settled if row["status"] == Scan.Status.APPROVED]
    return Outcome(
        label=pair.label,
        detector=detector,
        others=others,
        now=_counts(above, "now"),
        then=_counts(above, "then"),
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


def _above(scope: Scope, compared: Sequence[Pair]) -> Rows:
    """Of each day, by both policies.

    Zones are counted, and not grouped by: PostgreSQL has its workers count then, and would have
    them sort all rows otherwise.
    """
    lows = {pair.label: pair.lowest for pair in compared}
    least = min((low for low in lows.values() if low is not None), default=None)
    if least is None:
        return []
    scans = _of_any_status().filter(nsfw__gte=least)  # the index knows of no fields
    return list(
        scope.came_among(scans, list(lows))
        .filter(_reaching(lows))
        .exclude(_known(compared))
        .values(
            "of_field",
            of_detector=Grouped("detector"),
            day=scope.period.day_of("created_at", scope.db),
        )
        .annotate(
            count=Count("*"),
            newest=Max("scored_at"),
            **{
                f"{which}_{what}": Count("pk", filter=_from(compared, which, what))
                for which in ("now", "then")
                for what in ("held", "reject")
            },
        )
    )


def _settled(scope: Scope, compared: Sequence[Pair]) -> Rows:
    """What people approved and rejected themselves, and did not undo."""
    by_person = Decision.objects.standing().filter(
        BY_PERSON, scan=OuterRef("pk"), to_status=OuterRef("status")
    )
    scans = scope.came.filter(field__in=[pair.label for pair in compared]).order_by()
    return list(
        scans.filter(Exists(by_person), status__in=SETTLED, nsfw__isnull=False)
        .exclude(_known(compared))
        .values(
            "status",
            of_field=Grouped("field"),
            of_detector=Grouped("detector"),
            then=_zone(compared, "then"),
        )
        .annotate(count=Count("*"))
    )


def _checked(scope: Scope, compared: Sequence[Pair]) -> Rows:
    """What was said first, and for certain, of pictures that pass now and then."""
    certain = QualityCheck.objects.filter(answer__in=CERTAIN)
    earlier = certain.filter(scan=OuterRef("scan"), pk__lt=OuterRef("pk"))
    first = certain.filter(~Exists(earlier), scan__nsfw__isnull=False)
    return list(
        scope.came_among(first, [pair.label for pair in compared], scan="scan__")
        .annotate(
            now=_zone(compared, "now", scan="scan__"), then=_zone(compared, "then", scan="scan__")
        )
        .filter(now=PASS, then=PASS)
        .order_by()
        .values("answer", "of_field", of_detector=Grouped("scan__detector"))
        .annotate(count=Count("*"))
    )


def _from(compared: Sequence[Pair], which: str, what: str) -> Q:
    """What each field's policy ``now`` or ``then`` rejects, or holds for whatever reason."""

    def threshold(pair: Pair) -> float | None:
        policy: Policy = getattr(pair, which)
        return policy.reject if what == "reject" else lowest(policy)

    return _reaching({pair.label: threshold(pair) for pair in compared})


def _reaching(thresholds: Mapping[str, float | None]) -> Q:
    """Scores from the threshold of their field on; of a field without one none are. Where all
    fields have the same one nobody asks for them: databases compare text slowly."""
    labels: dict[float | None, list[str]] = defaultdict(list)
    for label, threshold in thresholds.items():
        labels[threshold].append(label)
    only = len(labels) == 1
    named = (
        Q(nsfw__gte=threshold) & (Q() if only else Q(field__in=of_it))
        for threshold, of_it in labels.items()
        if threshold is not None
    )
    return reduce(or_, named, Q(pk__in=[]))


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


def _known(compared: Iterable[Pair], *, field: str = "field") -> Q:
    """What a decision about the same bytes settles, whatever the score."""
    settling = [pair.label for pair in compared if pair.now.known.exact == "apply"]
    return EQUALS_KNOWN & Q((f"{field}__in", settling))


def _of_any_status() -> QuerySet[Scan]:
    """Every status, named: the index of scores begins with it."""
    return Scan.objects.filter(status__in=Scan.Status.values)


def _by_field(scans: QuerySet[Any]) -> Counter[str]:
    return Counter(dict(scans.order_by().values_list("of_field").annotate(count=Count("*"))))


def _of_field(rows: Rows, pair: Pair) -> Rows:
    return [row for row in rows if row["of_field"] == pair.label]


def _newest(rows: Rows) -> str:
    """The detector that scored last."""
    newest = max(rows, key=lambda row: row["newest"], default=None)
    return newest["of_detector"] if newest else ""


def _most(rows: Rows) -> str:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row["of_detector"]] += row["count"]
    return counts.most_common(1)[0][0] if counts else ""


def _counts(rows: Rows, which: str) -> Counts:
    held, reject = (sum(row[f"{which}_{what}"] for row in rows) for what in ("held", "reject"))
    return Counts(review=held - reject, reject=reject)


def _sum(rows: Rows, **wanted: Any) -> int:
    return sum(row["count"] for row in rows if wanted.items() <= row.items())
