"""The queue page by page, and what comes after one scan: from where one stands, never by a number.

What is settled meanwhile is missing from the next page, and moves nothing else.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from ..models import Claim, Scan
from .asking import Question
from .lanes import LARGEST, Spot
from .matching import matching
from .walks import Found, Stage, look, nearest, stages

SIZE = 60


@dataclass(frozen=True, kw_only=True)
class Page:
    """``next`` and ``previous`` are cursors for ``page(after=…)`` and ``page(before=…)``; empty
    where there is nothing.

    ``stopped``: so many scans were looked at that the rest is left to ``next`` ("after") or to
    ``previous`` ("before"). A page that is empty then does not say that nothing is there.
    """

    scans: Sequence[Scan]
    next: str
    previous: str
    stopped: Literal["", "after", "before"] = ""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """The next scan to one, on one side. None: there is none; with ``further``, a cursor for a page
    on that side, none was found as far as was looked."""

    pk: int | None
    further: str


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
    and all fields have one threshold, one for the rows, and one more, or two, where an edge is
    looked for. A cursor that makes no sense is none.
    """
    scans = matching(question, user)
    if (end := spot_at(before)) is not None:
        found = look(stages(question, user, scans, before=end), size + 1)
        spots = found.spots[size - 1 :: -1] if len(found.spots) > size else found.spots[::-1]
        if found.edge is not None:
            last = spots[-1] if spots else found.edge
            return Page(
                scans=_rows(spots),
                next=cursor_at(last),
                previous=cursor_at(found.edge),
                stopped="before",
            )
        if len(found.spots) > size:
            return Page(scans=_rows(spots), next=cursor_at(spots[-1]), previous=cursor_at(spots[0]))
        after = ""  # the beginning, and a whole page of it
    start = spot_at(after)
    found = look(stages(question, user, scans, after=start), size + 1)
    spots = found.spots[:size]
    next = spots[-1] if len(found.spots) > size else found.edge
    back = "" if start is None else cursor_at(spots[0] if spots else start)
    return Page(
        scans=_rows(spots),
        next="" if next is None else cursor_at(next),
        previous=back,
        stopped="after" if found.edge is not None else "",
    )


def following(
    question: Question, user: AbstractBaseUser, scan: Scan, *, skipping: Collection[int] = ()
) -> Beside:
    """The next one that nobody else has open, after ``scan`` in the order; after the last one the
    first. Neither ``scan`` nor what is to be skipped."""
    [found] = nearest(_ahead(question, user, scan, skipping))
    return _beside(found)


def neighbours(question: Question, user: AbstractBaseUser, scan: Scan) -> tuple[Beside, Beside]:
    """What follows ``scan``, and the one before it, whoever has that open; none before the first.

    At most three queries, and those for edges.
    """
    behind = stages(question, user, matching(question, user), before=Spot.of(scan))
    following, preceding = nearest(_ahead(question, user, scan), behind)
    return _beside(following), _beside(preceding)


def _ahead(
    question: Question, user: AbstractBaseUser, scan: Scan, skipping: Collection[int] = ()
) -> Iterator[Stage]:
    free = matching(question, user).exclude(pk__in={scan.pk, *skipping})
    free = free.exclude(pk__in=Claim.objects.by_others(user).values("pk"))
    yield from stages(question, user, free, after=Spot.of(scan))
    yield from stages(question, user, free)


def _beside(found: Found) -> Beside:
    return Beside(
        pk=found.spots[0].pk if found.spots else None,
        further="" if found.edge is None else cursor_at(found.edge),
    )


def _rows(spots: Sequence[Spot]) -> list[Scan]:
    """In the order of ``spots``. What was deleted meanwhile is left out."""
    scans = Scan.objects.with_versions().select_related("uploader", "known__decision", "claim")
    found = scans.defer("crops", "pdq_rotations").in_bulk([spot.pk for spot in spots])
    return [found[spot.pk] for spot in spots if spot.pk in found]


def cursor_at(spot: Spot) -> str:
    facts = [spot.pk, spot.created_at.isoformat(), spot.nsfw, spot.field]
    return urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")


def spot_at(cursor: str) -> Spot | None:
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
