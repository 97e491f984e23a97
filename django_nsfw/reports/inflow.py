"""What came in each day, and who settled it: rules, known images, or people."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from ..models import Decision
from .came import kind
from .period import date_of
from .scope import Scope

ACTION = Decision.Action

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
    came, decided = _came(scope), _decided(scope)
    return [Day(day=day, **came[day], **decided.get(day, {})) for day in scope.period.days]


def total(days: list[Day], name: str) -> int:
    return sum(getattr(day, name) for day in days)


def _came(scope: Scope) -> dict[date, Counter[str]]:
    """By rule: the policy let it through, or the picture was known, and nobody had to look."""
    known = ExpressionWrapper(Q(known__isnull=False), output_field=BooleanField())
    rows: Any = _each_day(scope, scope.came, "status", "verdict", recognised=known)
    days: dict[date, Counter[str]] = defaultdict(Counter)
    for row in rows.annotate(count=Count("pk")):
        day, what = days[date_of(row["day"])], kind(row["status"], row["verdict"])
        day["came"] += row["count"]
        day[what] += row["count"]
        if what == "allowed" or (what == "rejecting" and row["recognised"]):
            day["by_rule"] += row["count"]
    return days


def _decided(scope: Scope) -> dict[date, dict[str, int]]:
    counts = {name: Count("pk", filter=which) for name, which in DECIDED.items()}
    rows: Any = _each_day(scope, scope.decided).annotate(**counts)
    return {date_of(row.pop("day")): row for row in rows}


def _each_day(scope: Scope, rows: QuerySet[Any], *columns: str, **made: Any) -> QuerySet[Any]:
    day = scope.period.day_of("created_at", rows.db)
    return rows.order_by().values(*columns, day=day, **made)
