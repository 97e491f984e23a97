"""How much there is, counted no further than anybody cares about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Case, Q, QuerySet, Subquery, Value, When
from django.http import QueryDict
from django.utils.formats import number_format

from ..models import SavedQueue, Scan
from . import matching
from .asking import Question
from .at_once import Number, at_once

CAP = 1000
"""Rows that are counted one by one; a long queue is long."""

COUNTED = 30
"""Saved queues that are counted, one's own among them."""

LISTED = 100
"""Saved queues that are named."""


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
    def several(cls, *rows: QuerySet[Scan]) -> "list[Count]":
        """One query for all, each of which ends at ``CAP``."""
        numbers = [number or 0 for number in at_once([Number(each, CAP + 1) for each in rows])]
        return [cls(number=min(number, CAP), more=number > CAP) for number in numbers]


@dataclass(frozen=True, kw_only=True)
class SavedCount:
    """A saved queue that a person sees, and how much it has for them."""

    queue: SavedQueue
    count: Count


@dataclass(frozen=True, kw_only=True)
class Counts:
    """``shown``: what the question has. ``saved``: the person's own queues, then shared ones, as
    many as are counted; ``uncounted`` those behind them. ``more``: others share even more."""

    shown: Count
    saved: Sequence[SavedCount]
    uncounted: Sequence[SavedQueue]
    more: bool


def counts(question: Question, user: AbstractBaseUser) -> Counts:
    """At most three queries, however many queues are saved."""
    theirs = Case(When(owner_id=user.pk, then=Value(0)), default=Value(1))
    seen = SavedQueue.objects.filter(Q(owner_id=user.pk) | Q(shared=True))
    queues = list(seen.order_by(theirs, "name", "pk")[: LISTED + 1])
    asked = [Question.of(QueryDict(queue.query)) for queue in queues[:COUNTED]]
    shown, *saved = _counted([question, *asked], user)
    return Counts(
        shown=shown,
        saved=[
            SavedCount(queue=queue, count=count)
            for queue, count in zip(queues[:COUNTED], saved, strict=True)
        ],
        uncounted=queues[COUNTED:LISTED],
        more=len(queues) > LISTED,
    )


def count(question: Question, user: AbstractBaseUser) -> Count:
    """One query, and one more where rows must be read to tell whether they are asked for: only the
    newest ``LOOKED_AT`` of each status are looked at then."""
    return _counted([question], user)[0]


def _counted(questions: Sequence[Question], user: AbstractBaseUser) -> list[Count]:
    read = {
        status
        for question in questions
        for status in question.statuses
        if matching.reads_one_by_one(question, user, status)
    }
    oldest = dict(zip(sorted(read), at_once([_oldest(one) for one in sorted(read)]), strict=True))
    asked, left_out = [], []
    for question in questions:
        statuses, more = Q(), False
        for status in question.statuses:
            since = None
            if matching.reads_one_by_one(question, user, status):
                since = oldest[status]
            of_it = Q(of_status=status)
            statuses |= of_it if since is None else of_it & Q(created_at__gt=since)
            more |= since is not None
        asked.append(matching.matching(question, user).filter(statuses))
        left_out.append(more)
    return [
        Count(number=found.number, more=found.more or more)
        for found, more in zip(Count.several(*asked), left_out, strict=True)
    ]


def _oldest(status: str) -> Any:
    """The newest moment of a status that is not looked at. None: all of it is."""
    newest = Scan.objects.filter(status=status).order_by("-created_at").values("created_at")
    return Subquery(newest[matching.LOOKED_AT : matching.LOOKED_AT + 1])
