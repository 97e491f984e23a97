"""What came in each day, and who settled it: rules, known images, or people."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet

from ..models import Decision, Scan
from ..verdict import Verdict
from .period import date_of
from .scope import Scope

ACTION, STATUS = Decision.Action, Scan.Status

AWAITS_SCORE = Q(status__in=Scan.UNSETTLED)

CAME = {
    "allowed": Q(verdict=Verdict.ALLOW) & ~AWAITS_SCORE,
    "to_review": Q(verdict=Verdict.REVIEW) & ~AWAITS_SCORE,
    "rejecting": Q(verdict=Verdict.REJECT) & ~AWAITS_SCORE,
    "unknown": Q(verdict=Verdict.UNKNOWN) & ~AWAITS_SCORE,
    "awaits_score": AWAITS_SCORE,
}
"""Each scan is in one of them."""

BY_RULE = CAME["allowed"] | CAME["rejecting"] & Q(known__isnull=False)
"""Nobody had to look: the policy let it through, or the picture was known."""

BY_PERSON = Q(inherited_from__isnull=True) & ~Q(moderator__isnull=True, moderator_name="")
BY_PROGRAM = Q(inherited_from__isnull=True, moderator__isnull=True, moderator_name="")
INHERITED = Q(inherited_from__isnull=False)
"""Each decision is one of the three. The name outlives the account."""

SETTLES = Q(action__in=(ACTION.APPROVE, ACTION.REJECT))

DECIDED = {
    "approved": BY_PERSON & Q(action=ACTION.APPROVE),
    "rejected": BY_PERSON & Q(action=ACTION.REJECT),
    "inherited": INHERITED & SETTLES,
    "by_programs": BY_PROGRAM & SETTLES,
    "undone": Q(action=ACTION.UNDO),
}


@dataclass(frozen=True, kw_only=True)
class Day:
    """``came`` is the sum of the five that follow it, by the verdict as it is recorded now.

    ``by_rule`` counts scans of that day, the others decisions of that day, about scans of any.
    ``undone`` counts undos of every kind.
    """

    day: date
    came: int = 0
    allowed: int = 0
    to_review: int = 0
    rejecting: int = 0
    unknown: int = 0
    awaits_score: int = 0

    by_rule: int = 0
    approved: int = 0
    rejected: int = 0
    inherited: int = 0
    by_programs: int = 0
    undone: int = 0

    @property
    def by_people(self) -> int:
        return self.approved + self.rejected

    @property
    def automatic(self) -> int:
        """Settled, and no person looked."""
        return self.by_rule + self.inherited + self.by_programs


def inflow(scope: Scope) -> list[Day]:
    """Every day of the period, in order. Two queries."""
    came = _by_day(scope, scope.came, {**CAME, "by_rule": BY_RULE}, total="came")
    decided = _by_day(scope, scope.decided, DECIDED)
    return [Day(day=day, **came.get(day, {}), **decided.get(day, {})) for day in scope.period.days]


def total(days: list[Day], name: str) -> int:
    return sum(getattr(day, name) for day in days)


def _by_day(
    scope: Scope, rows: QuerySet[Any], kinds: dict[str, Q], total: str = ""
) -> dict[date, dict[str, int]]:
    counts = {name: Count("pk", filter=kind) for name, kind in kinds.items()}
    if total:
        counts[total] = Count("pk")
    day = scope.period.day_of("created_at", rows.db)
    found = rows.order_by().values(day=day).annotate(**counts)
    return {date_of(row.pop("day")): row for row in found}
