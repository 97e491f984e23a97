"""How much waits, and for how long: for those who watch the site."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Subquery

from .models import Scan
from .queue.at_once import Number, at_once

MOST = 10_000
"""Files of a status that are counted: an alarm needs no more, and a scrape must cost little."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """``number`` of files, at most ``MOST``; when the ``oldest`` of them came, None without any."""

    number: int
    oldest: datetime | None


def waiting() -> "Mapping[Scan.Status, Waiting]":
    """What waits for people and what waits for a worker, by status. One query."""
    statuses = (*Scan.WAITING, *Scan.UNSETTLED)
    rows = [Scan.objects.filter(status=status) for status in statuses]
    found = at_once([value for each in rows for value in (Number(each, MOST), _oldest(each))])
    return {
        Scan.Status(status): Waiting(number=number or 0, oldest=oldest)
        for status, number, oldest in zip(statuses, found[::2], found[1::2], strict=True)
    }


def _oldest(rows: QuerySet[Scan]) -> Subquery:
    return Subquery(rows.order_by("created_at").values("created_at")[:1])
