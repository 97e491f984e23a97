"""The queue page by page, and what comes after one scan: from where one stands, never by a number.

What is settled meanwhile is missing from the next page, and moves nothing else.
"""

import heapq
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone

from ..models import Claim, Scan
from .asking import Question
from .lanes import Lane, Place, Spot, lanes
from .matching import matching

SIZE = 60
LARGEST = 2**63 - 1
"""A primary key."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """``next`` and ``previous`` are cursors for ``page(after=…)`` and ``page(before=…)``; empty
    where there is nothing."""

    scans: Sequence[Scan]
    next: str
    previous: str


def page(
    question: Question,
    user: AbstractBaseUser,
    *,
    after: str = "",
    before: str = "",
    size: int = SIZE,
) -> Page:
    """Scans with ``version``, ``uploader``, ``known`` and ``claim``, without ``crops``.

    At most two queries for each status that is asked for, four where the order is by uncertainty
    and all fields have one threshold, and one for the rows. A cursor that makes no sense is none.
    """
    if (end := _read(before)) is not None:
        found = list(islice(_walk(question, user, before=end, size=size + 1), size + 1))
        if len(found) > size:
            spots = found[size - 1 :: -1]
            return Page(scans=_rows(spots), next=_written(spots[-1]), previous=_written(spots[0]))
        after = ""  # the beginning, and a whole page of it
    start = _read(after)
    spots = list(islice(_walk(question, user, after=start, size=size + 1), size + 1))
    more, spots = len(spots) > size, spots[:size]
    back = "" if start is None else _written(spots[0] if spots else start)
    return Page(scans=_rows(spots), next=_written(spots[-1]) if more else "", previous=back)


def following(
    question: Question,
    user: AbstractBaseUser,
    scan: Scan,
    *,
    skipping: Collection[int] = (),
) -> Scan | None:
    """The next one that nobody else has open, after ``scan`` in the order; after the last one the
    first. Neither ``scan`` nor what is to be skipped; None where there is no other."""
    free = matching(question, user).exclude(pk__in={scan.pk, *skipping})
    free = free.exclude(pk__in=Claim.objects.by_others(user).values("pk"))
    for start in (Spot.of(scan), None):
        for spot in _walk(question, user, scans=free, after=start, size=1):
            return next(iter(_rows([spot])), None)
    return None


def preceding(question: Question, user: AbstractBaseUser, scan: Scan) -> Scan | None:
    """The one before ``scan`` in the order, whoever has it open; None before the first."""
    for spot in _walk(question, user, before=Spot.of(scan), size=1):
        return next(iter(_rows([spot])), None)
    return None


def _walk(
    question: Question,
    user: AbstractBaseUser,
    *,
    scans: QuerySet[Scan] | None = None,
    after: Spot | None = None,
    before: Spot | None = None,
    size: int,
) -> Iterator[Spot]:
    """At least ``size`` of what comes after a spot, or before it with the nearest first."""
    scans = matching(question, user) if scans is None else scans
    order = lanes(question)
    spot = after or before
    own = next((lane for lane in order if spot is not None and lane.has(spot)), None)
    if spot is not None and own is None:
        return  # without a score, where a band of scores is asked for: those come last
    backwards = before is not None
    ranks = sorted(order, key=lambda lane: lane.rank, reverse=backwards)
    for _, same in groupby(ranks, key=lambda lane: lane.rank):
        walks = []
        for lane in same:
            rows = scans.filter(lane.condition)
            if spot is not None and own is not None:
                condition = lane.before(spot, own) if backwards else lane.after(spot, own)
                if condition is None:
                    continue
                rows = rows.filter(condition)
            rows = rows.order_by(*lane.ordering)
            rows = rows.reverse() if backwards else rows
            walks += [
                _placed(lane, rows.filter(status=status), size) for status in question.statuses
            ]
        for _, found in heapq.merge(*walks, key=lambda each: each[0], reverse=backwards):
            yield found


def _placed(lane: Lane, rows: QuerySet[Scan], size: int) -> Iterator[tuple[Place, Spot]]:
    for pk, created_at, nsfw, field in rows.values_list(*Spot.COLUMNS)[:size]:
        spot = Spot(pk=pk, created_at=created_at, nsfw=nsfw, field=field)
        yield lane.place(spot), spot


def _rows(spots: Sequence[Spot]) -> list[Scan]:
    """In the order of ``spots``. What was deleted meanwhile is left out."""
    scans = Scan.objects.with_versions().select_related("uploader", "known__decision", "claim")
    found = scans.defer("crops", "pdq_rotations").in_bulk([spot.pk for spot in spots])
    return [found[spot.pk] for spot in spots if spot.pk in found]


def _written(spot: Spot) -> str:
    facts = [spot.pk, spot.created_at.isoformat(), spot.nsfw, spot.field]
    return urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")


def _read(cursor: str) -> Spot | None:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        pk, created_at, nsfw, field = json.loads(urlsafe_b64decode(padded))
        spot = Spot(
            pk=int(pk),
            created_at=datetime.fromisoformat(created_at),
            nsfw=None if nsfw is None else float(nsfw),
            field=str(field),
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    whole = 0 <= spot.pk <= LARGEST and timezone.is_aware(spot.created_at) == settings.USE_TZ
    return spot if whole and 0 <= (spot.nsfw or 0.0) <= 1 else None
