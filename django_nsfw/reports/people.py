"""What each moderator decided, how long they looked and it had waited, and what did not last."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from ..models import Decision
from .handling import Handling, handling
from .inflow import BY_PERSON, SETTLES
from .scope import Scope

MOST = 100
"""Moderators that are listed, the busiest first."""

ACTION = Decision.Action

GONE = Case(When(moderator=None, then=F("moderator_name")), default=Value(""))
"""Accounts that are gone are told apart by their names."""

READY = Case(
    When(scan__scored_at__lte=F("created_at"), then=F("scan__scored_at")),
    default=F("scan__created_at"),
    output_field=DateTimeField(),
)
"""When there was something to decide. A rescan may have scored it again since."""

WAITED = ExpressionWrapper(F("created_at") - READY, output_field=DurationField())

QUICK, SOON, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Moderator:
    """Decisions that one person took in the period, those in bulk each counted.

    ``handling``: for how long they had open what they decided one by one; None where they had
    nothing open. The counts of ``within_…`` are from the score to the decision. ``taken_back``
    are those that they undid themselves; ``reversed`` those that somebody else undid, or decided
    otherwise later, whenever that was.
    """

    pk: Any
    name: str
    approved: int
    rejected: int
    escalated: int
    handling: Handling | None
    within_5_minutes: int
    within_an_hour: int
    within_a_day: int
    taken_back: int
    reversed: int

    @property
    def settled(self) -> int:
        return self.approved + self.rejected

    @property
    def share_reversed(self) -> float | None:
        return self.reversed / self.settled if self.settled else None


def moderators(scope: Scope) -> list[Moderator]:
    """At most ``MOST``. Four queries: in one, every decision would be asked for all of it, and
    PostgreSQL would compile that for seconds."""
    found = _decided(scope)
    timed, undone, overruled = handling(scope, gone=GONE), _undone(scope), _overruled(scope)
    moderators = []
    for row in found:
        who = row.pop("moderator_id"), row.pop("gone")
        del row["decisions"]
        taken_back, reversed = undone.get(who, (0, 0))
        moderators.append(
            Moderator(
                pk=who[0],
                handling=timed.get(who),
                taken_back=taken_back,
                reversed=reversed + overruled.get(who, 0),
                **row,
            )
        )
    return moderators


def _decided(scope: Scope) -> list[dict[str, Any]]:
    taken = scope.decided.filter(BY_PERSON).exclude(action=ACTION.UNDO)
    rows: Any = _each(taken.annotate(waited=WAITED)).annotate(
        decisions=Count("pk"),
        name=Max("moderator_name"),
        approved=Count("pk", filter=Q(action=ACTION.APPROVE)),
        rejected=Count("pk", filter=Q(action=ACTION.REJECT)),
        escalated=Count("pk", filter=Q(action=ACTION.ESCALATE)),
        within_5_minutes=Count("pk", filter=SETTLES & Q(waited__lt=QUICK)),
        within_an_hour=Count("pk", filter=SETTLES & Q(waited__lt=SOON)),
        within_a_day=Count("pk", filter=SETTLES & Q(waited__lt=DAY)),
    )
    return list(rows.order_by("-decisions", "name")[:MOST])


def _undone(scope: Scope) -> dict[tuple[Any, str], tuple[int, int]]:
    """By the person who decided: what they took back themselves, and what others did."""
    same = Q(undone_by__moderator=F("moderator"))
    undone = scope.decided.filter(BY_PERSON, SETTLES, undone_by__isnull=False)
    rows: Any = _each(undone).annotate(
        own=Count("pk", filter=same), others=Count("pk", filter=~same)
    )
    return {(row["moderator_id"], row["gone"]): (row["own"], row["others"]) for row in rows}


def _overruled(scope: Scope) -> dict[tuple[Any, str], int]:
    """By the person who decided: what stands, and somebody else later decided otherwise."""
    later = Decision.objects.filter(
        BY_PERSON, SETTLES, scan=OuterRef("scan"), pk__gt=OuterRef("pk"), undone_by__isnull=True
    )
    otherwise = later.exclude(action=OuterRef("action"))
    by_another = otherwise.exclude(moderator=OuterRef("moderator"))
    stands = scope.decided.filter(BY_PERSON, SETTLES, undone_by__isnull=True)
    rows: Any = _each(stands.filter(Exists(by_another))).annotate(count=Count("pk"))
    return {(row["moderator_id"], row["gone"]): row["count"] for row in rows}


def _each(decisions: QuerySet[Decision]) -> QuerySet[Any]:
    return decisions.order_by().annotate(gone=GONE).values("moderator_id", "gone")
