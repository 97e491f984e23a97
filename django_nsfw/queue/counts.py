"""How much there is, counted no further than anybody cares about."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.formats import number_format

from ..models import SavedQueue, Scan
from .asking import Question
from .matching import matching

CAP = 1000
"""Rows that are counted one by one; a long queue is long."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """``number`` rows, or ``more`` than that."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return number_format(self.number, force_grouping=True) + ("+" if self.more else "")

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
    return Count.of(matching(question, user).filter(status__in=question.statuses))
