"""What waits, for how long, and how much waited at the end of each day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce
from django.utils import timezone

from ..models import Decision, Scan
from ..verdict import Verdict
from .period import date_of
from .scope import Scope

HOURS = (0, 1, 4, 24, 72, 168, 720)
"""Where an age begins; the last has no end."""

SINCE = Coalesce("settled_at", "created_at")
"""Since when what waits now has been waiting: the last change of its status made it wait."""

LEFT = Q(from_status__in=Scan.WAITING) & ~Q(to_status__in=Scan.WAITING)
RETURNED = ~Q(from_status__in=Scan.WAITING) & Q(to_status__in=Scan.WAITING)
WAS_DECIDED = Exists(Decision.objects.filter(LEFT, scan=OuterRef("pk")))


@dataclass(frozen=True, kw_only=True)
class Age:
    """What has been waiting for at least ``hours``, and less than ``until``; None: and longer."""

    hours: int
    until: int | None
    held: int
    flagged: int
    escalated: int

    @property
    def waiting(self) -> int:
        return self.held + self.flagged


@dataclass(frozen=True, kw_only=True)
class Day:
    """``entered`` and ``left`` the queue that day; ``waiting`` at its end."""

    day: date
    entered: int
    left: int
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Backlog:
    days: list[Day]
    ages: list[Age]

    @property
    def waiting(self) -> int:
        return sum(age.waiting for age in self.ages)


def backlog(scope: Scope) -> Backlog:
    """Counted back from what waits now, so that the last day is exact. Seven queries.

    What waited and was never decided about left the queue with its object, or when the object got
    another file. Scans keep one moment for all their changes: whatever was decided enters with
    its arrival, even where a later rescan was what put it in the queue.
    """
    ages = _ages(scope)
    waiting = sum(age.waiting for age in ages)
    entered, left = _entered(scope), _left(scope)
    days = []
    for day in reversed(scope.period.until_now().days):
        if day <= scope.period.last:
            days.append(Day(day=day, entered=entered[day], left=left[day], waiting=waiting))
        waiting += left[day] - entered[day]
    return Backlog(days=days[::-1], ages=ages)


def _ages(scope: Scope) -> list[Age]:
    now = timezone.now()
    ends: list[int | None] = [*HOURS[1:], None]
    kinds = {
        "held": Q(status=Scan.Status.HELD),
        "flagged": Q(status=Scan.Status.FLAGGED),
        "escalated": Q(escalated_at__isnull=False),
    }
    counts: dict[str, Count] = {}
    for hours, until in zip(HOURS, ends, strict=True):
        # The youngest began to wait a moment ago, by a clock that may be ahead of this one.
        age = Q(since__lte=now - timedelta(hours=hours)) if hours else Q()
        if until is not None:
            age &= Q(since__gt=now - timedelta(hours=until))
        counts |= {f"{kind}_{hours}": Count("pk", filter=age & q) for kind, q in kinds.items()}
    found = _waiting(scope).annotate(since=SINCE).aggregate(**counts)
    return [
        Age(hours=hours, until=until, **{kind: found[f"{kind}_{hours}"] for kind in kinds})
        for hours, until in zip(HOURS, ends, strict=True)
    ]


def _entered(scope: Scope) -> Counter[date]:
    """Arrivals, each scan once: of what waits, of what was decided, of what left undecided. And
    what came back because a decision was undone."""
    earlier = Decision.objects.filter(LEFT, scan=OuterRef("scan"), pk__lt=OuterRef("pk"))
    first = scope.decisions.filter(LEFT, ~Exists(earlier), created_at__gte=scope.period.start)
    returned = scope.decisions.filter(RETURNED)
    return (
        _by_day(scope, _waiting(scope).filter(~WAS_DECIDED), SINCE)
        + _by_day(scope, first, F("scan__created_at"))
        + _by_day(scope, _undecided(scope).filter(~WAS_DECIDED), F("created_at"))
        + _by_day(scope, returned, F("created_at"))
    )


def _left(scope: Scope) -> Counter[date]:
    decided = scope.decisions.filter(LEFT)
    return _by_day(scope, decided, F("created_at")) + _by_day(
        scope, _undecided(scope), F("settled_at")
    )


def _waiting(scope: Scope) -> QuerySet[Scan]:
    return scope.scans.filter(status__in=Scan.WAITING)


def _undecided(scope: Scope) -> QuerySet[Scan]:
    """What waited, and left with its object, for another file, or by an erasure.

    A verdict tells what waited, but for what a known image settled, and for what had no score and
    was let through.
    """
    newest = Decision.objects.filter(scan=OuterRef("pk")).order_by("-pk").values("to_status")[:1]
    hidden = ~Q(quarantine_name="", pruned_at=None)
    waited = (
        Q(verdict=Verdict.REVIEW)
        | Q(verdict=Verdict.REJECT, known=None)
        | Q(verdict=Verdict.UNKNOWN, scored_at__isnull=False) & hidden
    )
    left = Q(status__in=Scan.PAST) | Q(status=Scan.Status.REJECTED, erased_at__isnull=False)
    gone = scope.scans.filter(left, settled_at__gte=scope.period.start)
    gone = gone.annotate(newest=Subquery(newest))
    return gone.filter(Q(newest=None) & waited | Q(newest__in=Scan.WAITING))


def _by_day(scope: Scope, rows: QuerySet[Any], moment: Expression | F) -> Counter[date]:
    period = scope.period.until_now()
    rows = rows.annotate(moment=moment).filter(moment__gte=period.start, moment__lt=period.end)
    found = rows.order_by().values(day=period.day_of("moment", rows.db))
    counted = found.annotate(count=Count("pk")).values_list("day", "count")
    return Counter({date_of(day): count for day, count in counted})
