"""What else is known of the uploader of a scan, and of its picture. Each query is bounded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from ..models import Scan
from ..models.known import MAX_DISTANCE, MIN_QUALITY
from ..permissions import restricted_to, visible
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


def waiting_beside(scan: Scan, user: AbstractBaseUser) -> Sequence[Scan]:
    """What else waits of the same uploader, the oldest, as many as are compared. One query."""
    if scan.uploader_id is None:
        return []
    theirs = visible(user, Scan.objects.waiting().filter(uploader_id=scan.uploader_id))
    others = theirs.exclude(pk=scan.pk).defer("crops").order_by("created_at", "pk")
    return list(others[:COMPARED])


def uploader_record(
    scan: Scan, user: AbstractBaseUser, waiting: Sequence[Scan] | None = None
) -> Record | None:
    """None where nobody is on record as uploader. One query, and one for ``waiting_beside`` where
    that is not given."""
    if scan.uploader_id is None:
        return None
    theirs = visible(user, Scan.objects.filter(uploader_id=scan.uploader_id))
    held, approved, rejected = Count.several(
        theirs.filter(status__in=Scan.WAITING),
        theirs.filter(status=Scan.Status.APPROVED),
        theirs.filter(status=Scan.Status.REJECTED),
    )
    others = waiting_beside(scan, user) if waiting is None else waiting
    return Record(held=held, approved=approved, rejected=rejected, waiting=list(others[:SHOWN]))


def twins(scan: Scan, user: AbstractBaseUser, waiting: Sequence[Scan] | None = None) -> list[Twin]:
    """Scans of the same bytes, then of similar pictures, the nearest first; at most ``SHOWN``.

    Similar ones are looked for where an index leads to them: among what the same known image was
    recognised in, the scan whose decision made that image known, and what else waits of the same
    uploader, which is ``waiting_beside`` and asked for where it is not given.
    """
    waiting = waiting_beside(scan, user) if waiting is None else waiting
    others = visible(user, Scan.objects.exclude(pk=scan.pk)).defer("crops")
    same = others.filter(sha256=scan.sha256).order_by("-pk")[:SHOWN]
    found = [Twin(scan=other, distance=None) for other in same]
    near = {twin.scan.pk: twin for twin in _near(scan, user, others, waiting)}
    similar = sorted(near.values(), key=lambda twin: (twin.distance or 0, -twin.scan.pk))
    return [*found, *similar][:SHOWN]


def _near(
    scan: Scan, user: AbstractBaseUser, others: QuerySet[Scan], waiting: Sequence[Scan]
) -> Iterator[Twin]:
    if not _is_hashed(scan):
        return
    compared: list[Iterable[Scan]] = [waiting]
    if scan.known is not None:
        hashed = others.filter(known=scan.known, pdq_quality__gte=MIN_QUALITY).exclude(pdq="")
        compared.append(hashed.exclude(sha256=scan.sha256).order_by("-pk")[:COMPARED])
        if scan.known.decision is not None:
            settled, fields = scan.known.decision.scan, restricted_to(user)
            if settled.pk != scan.pk and (fields is None or settled.field in fields):
                compared.append([settled])
    value = int(scan.pdq, 16)
    for other in chain.from_iterable(compared):
        if _is_hashed(other) and other.sha256 != scan.sha256:
            distance = (int(other.pdq, 16) ^ value).bit_count()
            if distance <= MAX_DISTANCE:
                yield Twin(scan=other, distance=distance)


def _is_hashed(scan: Scan) -> bool:
    return bool(scan.pdq) and scan.pdq_quality >= MIN_QUALITY
