"""For how long each moderator had open what they decided."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Case, Count, F, Q, Window
from django.db.models.functions import RowNumber

from .inflow import BY_PERSON
from .scope import Scope

MEDIAN, HIGH = 50, 90
"""Per cent of the decisions."""


@dataclass(frozen=True, kw_only=True)
class Handling:
    """Of ``count`` decisions half took no longer than ``median``, nine in ten no longer than
    ``high``. Each is a time that one of them took."""

    count: int
    median: timedelta
    high: timedelta


def handling(scope: Scope, *, gone: Case) -> dict[tuple[Any, str], Handling]:
    """By primary key of the moderator and ``gone``; nothing of who had nothing open. One query.

    Percentiles by rank, which every database can count: few have a function for them.
    """
    each = [F("moderator_id"), F("gone")]
    timed = scope.decided.filter(BY_PERSON, handling_ms__isnull=False).annotate(
        gone=gone,
        of=Window(Count("pk"), partition_by=each),
        rank=100 * Window(RowNumber(), partition_by=each, order_by=["handling_ms", "pk"]),
    )
    rows: Any = timed.filter(_at(MEDIAN) | _at(HIGH)).order_by("handling_ms", "pk")
    rows = rows.values_list("moderator_id", "gone", "of", "handling_ms")
    found: dict[tuple[Any, str], Handling] = {}
    for pk, name, count, milliseconds in rows:
        high = timedelta(milliseconds=milliseconds)
        median = found[pk, name].median if (pk, name) in found else high
        found[pk, name] = Handling(count=count, median=median, high=high)
    return found


def _at(share: int) -> Q:
    """The first that ``share`` per cent do not exceed."""
    return Q(rank__gte=share * F("of")) & Q(rank__lt=share * F("of") + 100)
