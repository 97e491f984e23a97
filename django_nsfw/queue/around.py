"""What else is known of the uploader of a scan, and of its picture. Each query is bounded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from ..models import Scan
from ..models.known import MAX_DISTANCE, MIN_QUALITY
from ..permissions import visible
from .counts import Count

SHOWN = 24
"""Scans that are shown beside one."""

COMPARED = 100
"""Scans whose hashes are compared with that of one."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of the files of one person in fields that the moderator may see.

    ``waiting`` are the oldest of them that wait, without the scan that was asked for; ``held``
    counts all that wait, that one too.
    """

    held: Count
    approved: Count
    rejected: Count
    waiting: Sequence[Scan]


@dataclass(frozen=True, kw_only=True)
class Twin:
    """Another scan of the same picture. ``distance``: of 256 bits those that differ between their
    PDQ hashes; None where the bytes are the same."""

    scan: Scan
    distance: int | None

    @property
    def identical(self) -> bool:
        return self.distance is None


def uploader_record(scan: Scan, user: AbstractBaseUser) -> Record | None:
    """None where nobody is on record as uploader. Four queries, each over the uploader's files."""
    if scan.uploader_id is None:
        return None
    theirs = visible(user, Scan.objects.filter(uploader_id=scan.uploader_id))
    waiting = theirs.filter(status__in=Scan.WAITING)
    others = waiting.exclude(pk=scan.pk).order_by("created_at", "pk")
    return Record(
        held=Count.of(waiting),
        approved=Count.of(theirs.filter(status=Scan.Status.APPROVED)),
        rejected=Count.of(theirs.filter(status=Scan.Status.REJECTED)),
        waiting=list(others.defer("crops")[:SHOWN]),
    )


def twins(scan: Scan, user: AbstractBaseUser) -> list[Twin]:
    """Scans of the same bytes, then of similar pictures, the nearest first; at most ``SHOWN``.

    Similar ones are looked for where an index leads to them: among what the same known image was
    recognised in, the scan whose decision made that image known, and what else waits of the same
    uploader.
    """
    others = visible(user, Scan.objects.exclude(pk=scan.pk)).defer("crops")
    same = others.filter(sha256=scan.sha256).order_by("-pk")[:SHOWN]
    found = [Twin(scan=other, distance=None) for other in same]
    similar = sorted(_similar(scan, others), key=lambda twin: (twin.distance or 0, -twin.scan.pk))
    return [*found, *similar][:SHOWN]


def _similar(scan: Scan, others: QuerySet[Scan]) -> Iterator[Twin]:
    if not scan.pdq or scan.pdq_quality < MIN_QUALITY:
        return
    value = int(scan.pdq, 16)
    hashed = others.filter(pdq_quality__gte=MIN_QUALITY).exclude(pdq="")
    hashed = hashed.exclude(sha256=scan.sha256)
    looked_at = []
    if scan.known is not None:
        looked_at.append(hashed.filter(known=scan.known).order_by("-pk"))
        if scan.known.decision is not None:
            looked_at.append(hashed.filter(pk=scan.known.decision.scan_id))
    if scan.uploader_id is not None:
        waiting = hashed.filter(uploader_id=scan.uploader_id, status__in=Scan.WAITING)
        looked_at.append(waiting.order_by("created_at", "pk"))
    near = {other.pk: other for rows in looked_at for other in rows[:COMPARED]}
    for other in near.values():
        distance = (int(other.pdq, 16) ^ value).bit_count()
        if distance <= MAX_DISTANCE:
            yield Twin(scan=other, distance=distance)
