"""Held bytes that nobody waits for are deleted when they are old enough: ``NSFW_RETENTION``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import router, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from .models import Scan
from .quarantine.discard import Discarded, by_file, discard


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """One scan whose held bytes are deleted. ``size`` in bytes; 0 where it shares a file that
    is in the list already. ``error`` is set where a storage failed: the sweep tries again."""

    scan: int
    status: str
    field: str
    object: str
    size: int
    error: str = ""


def prune(ages: Mapping[str, int], *, dry_run: bool = False) -> Iterator[Pruned]:
    """Delete the bytes of scans that have stood at a status for so many days.

    ``ages``: status → days, as ``NSFW_RETENTION`` has it. A file goes when every scan that names
    it is due. Digest, scores and decisions stay. ``dry_run`` changes nothing and yields the same.
    Memory does not grow with the table, and what was pruned before costs nothing.
    """
    if not ages:
        return
    for batch in by_file(_due(ages)):
        scans = list(batch)
        if not dry_run:
            scans = _order(scans, ages)
        yield from map(_as_pruned, discard(scans, dry_run=dry_run))


def _due(ages: Mapping[str, int]) -> QuerySet[Scan]:
    old, scans = _old(ages), _aged()
    kept = scans.filter(~old, quarantine_name=OuterRef("quarantine_name"))
    return scans.filter(old, ~Exists(kept), quarantine_name__gt="").defer("crops")


def _aged() -> QuerySet[Scan]:
    scans = Scan.objects.using(router.db_for_write(Scan))
    return scans.annotate(since=Coalesce("settled_at", "created_at"))


def _old(ages: Mapping[str, int]) -> Q:
    now = timezone.now()
    old = Q(pk__in=[])
    for status, days in ages.items():
        old |= Q(status=status, since__lt=now - timedelta(days=days))
    return old


def _order(scans: list[Scan], ages: Mapping[str, int]) -> list[Scan]:
    """Commit the orders. Without those that a moderator settled meanwhile, be it twice."""
    rows = _aged().filter(pk__in=[scan.pk for scan in scans])
    with transaction.atomic(using=rows.db, durable=True):
        rows.filter(_old(ages), quarantine_name__gt="").update(discard_at=timezone.now())
    ordered = set(rows.filter(discard_at__isnull=False).values_list("pk", flat=True))
    return [scan for scan in scans if scan.pk in ordered]


def _as_pruned(discarded: Discarded) -> Pruned:
    scan = discarded.scan
    return Pruned(
        scan=scan.pk,
        status=scan.status,
        field=scan.field,
        object=scan.object_pk,
        size=discarded.freed,
        error=discarded.error,
    )
