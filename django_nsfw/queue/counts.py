"""How much there is, counted no further than anybody cares about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.formats import number_format

from ..models import SavedQueue, Scan
from ..permissions import restricted_to
from .asking import Question
from .matching import matching

CAP = 1000
"""Rows that are counted one by one; a long queue is long."""

LOOKED_AT = 50_000
"""Scans of a status that is not waiting of which a filter without an index is asked."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """``number`` rows, or that many or ``more``."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return number_format(self.number, force_grouping=True) + ("+" if self.more else "")

    def but_one(self) -> "Count":
        """Without one of them; of what was not counted to its end nothing can be taken."""
        return self if self.more else Count(number=self.number - 1)

    @classmethod
    def of(cls, rows: "QuerySet[Scan]") -> "Count":
        """One query, that ends at ``CAP``."""
        number = rows.order_by()[: CAP + 1].count()
        return cls(number=min(number, CAP), more=number > CAP)


@dataclass(frozen=True, kw_only=True)
class SavedCount:
    """A saved queue that a person sees, and how much it has for them."""

    queue: SavedQueue
    count: Count


@dataclass(frozen=True, kw_only=True)
class Counts:
    """``shown``: what the question has. ``saved``: the person's own queues, then shared ones."""

    shown: Count
    saved: Sequence[SavedCount]


def counts(question: Question, user: AbstractBaseUser) -> Counts:
    """One query for the saved queues, and one for each and for ``question``."""
    queues = SavedQueue.objects.filter(Q(owner_id=user.pk) | Q(shared=True))
    mine_first = sorted(queues, key=lambda queue: (queue.owner_id != user.pk, queue.name))
    return Counts(
        shown=count(question, user),
        saved=[
            SavedCount(queue=queue, count=count(Question.of(QueryDict(queue.query)), user))
            for queue in mine_first
        ],
    )


def count(question: Question, user: AbstractBaseUser) -> Count:
    """One query; with filters that no index serves one more for each status of the archive, of
    which only the newest are looked at then."""
    scans, left_out = matching(question, user), False
    statuses = Q(status__in=question.statuses)
    if _unserved(question, user):
        statuses = Q()
        for status in question.statuses:
            oldest = None if status in Scan.WAITING else _oldest_looked_at(status)
            left_out |= oldest is not None
            of_it = Q(status=status)
            statuses |= of_it if oldest is None else of_it & Q(created_at__gte=oldest)
    found = Count.of(scans.filter(statuses))
    return Count(number=found.number, more=found.more or left_out)


def _unserved(question: Question, user: AbstractBaseUser) -> bool:
    """Whether rows must be read one after the other to tell whether they are asked for."""
    if question.uploader is not None or question.mine or question.escalated:
        return False
    filters = (question.fields, question.reasons, question.verdicts, question.detector)
    return any(filters) or bool(question.label) or restricted_to(user) is not None


def _oldest_looked_at(status: str) -> datetime | None:
    """None where there are not so many."""
    newest = Scan.objects.filter(status=status).order_by("-created_at")
    moments = newest.values_list("created_at", flat=True)
    return next(iter(moments[LOOKED_AT : LOOKED_AT + 1]), None)
