"""What each moderator decided, how long it had waited, and how much of it did not last."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from django.db.models import (
    Avg,
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
    Value,
    When,
)

from ..models import Decision
from .inflow import BY_PERSON
from .scope import Scope

MOST = 100
"""Moderators that are listed, the busiest first."""

ACTION = Decision.Action

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

    ``mean`` is from the score to the decision, and so are the counts of ``within_…``: nothing
    records when a person began to look. ``taken_back`` are those that they undid themselves;
    ``reversed`` those that somebody else undid, or decided otherwise later, whenever that was.
    """

    pk: Any
    name: str
    approved: int
    rejected: int
    escalated: int
    within_5_minutes: int
    within_an_hour: int
    within_a_day: int
    mean: timedelta | None
    taken_back: int
    reversed: int

    @property
    def settled(self) -> int:
        return self.approved + self.rejected

    @property
    def share_reversed(self) -> float | None:
        return self.reversed / self.settled if self.settled else None


FIELDS = {field.name for field in fields(Moderator)}


def moderators(scope: Scope) -> list[Moderator]:
    """At most ``MOST``. One query. Accounts that are gone are told apart by their names."""
    settles = Q(action__in=(ACTION.APPROVE, ACTION.REJECT))
    same = Q(undone_by__moderator=F("moderator"))
    later = Decision.objects.filter(
        BY_PERSON, scan=OuterRef("scan"), pk__gt=OuterRef("pk"), undone_by__isnull=True
    )
    otherwise = later.filter(action__in=(ACTION.APPROVE, ACTION.REJECT)).exclude(
        action=OuterRef("action")
    )
    by_another = otherwise.exclude(moderator=OuterRef("moderator"))
    undone = Q(undone_by__isnull=False)
    rows: Any = (
        scope.decided.filter(BY_PERSON)
        .exclude(action=ACTION.UNDO)
        .annotate(
            gone=Case(When(moderator=None, then=F("moderator_name")), default=Value("")),
            waited=WAITED,
            overruled=Exists(by_another),
        )
        .order_by()
        .values("moderator_id", "gone")
        .annotate(
            decisions=Count("pk"),
            name=Max("moderator_name"),
            approved=Count("pk", filter=Q(action=ACTION.APPROVE)),
            rejected=Count("pk", filter=Q(action=ACTION.REJECT)),
            escalated=Count("pk", filter=Q(action=ACTION.ESCALATE)),
            within_5_minutes=Count("pk", filter=settles & Q(waited__lt=QUICK)),
            within_an_hour=Count("pk", filter=settles & Q(waited__lt=SOON)),
            within_a_day=Count("pk", filter=settles & Q(waited__lt=DAY)),
            mean=Avg("waited", filter=settles),
            taken_back=Count("pk", filter=settles & undone & same),
            reversed=Count(
                "pk", filter=settles & (undone & ~same | Q(undone_by=None, overruled=True))
            ),
        )
        .order_by("-decisions", "name")[:MOST]
    )
    return [
        Moderator(pk=row.pop("moderator_id"), **{n: v for n, v in row.items() if n in FIELDS})
        for row in rows
    ]
