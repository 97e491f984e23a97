"""On request: what was held of one object, or of one uploader, goes, and the personal data with it.

What stays proves what was done and recognises the bytes when they come back: digest, size, format,
scores, detector, verdict, status and the decisions. The page on retention lists every column.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import router, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from .exceptions import DecisionRefused
from .models import Scan
from .models.scan import ScanQuerySet
from .quarantine.discard import BATCH, SHARED, by_file, discard, shared_names
from .quarantine.rows import Row

Status = Scan.Status


@dataclass(frozen=True, kw_only=True)
class Erased:
    """One scan that was erased. ``size``: bytes of the held file that was deleted, or 0.

    ``public``: the picture is in the field's own storage, which is the site's affair. ``kept``
    says why held bytes stay, ``error`` what failed.
    """

    scan: int
    status: str
    field: str
    object: str
    size: int = 0
    public: bool = False
    kept: str = ""
    error: str = ""


def erase(scans: ScanQuerySet, *, dry_run: bool = False) -> Iterator[Erased]:
    """Erase these scans in batches, each committed before its bytes are deleted.

    A scan whose object still shows its placeholder becomes ``rejected`` and keeps the name, so
    that listings go on leaving the object out; one that the object has outlived is ``gone`` or
    ``superseded`` and loses name and key as well. Bytes that another object shows a placeholder
    for stay with it. What a storage raises is in ``Erased.error``; the sweep tries again.
    """
    db = router.db_for_write(Scan)
    unfinished = Q(erased_at=None) | Q(discard_at__isnull=False) | Q(quarantine_name__gt="")
    rest = scans.using(db).filter(unfinished).defer("crops")
    for batch in rest.filter(quarantine_name="").batches(BATCH):
        yield from _erase(batch, db, dry_run)
    for holding in by_file(rest):
        batch = list(holding)
        yield from _erase([*batch, *_waiting_for(batch, db)], db, dry_run)


def _waiting_for(batch: list[Scan], db: str) -> QuerySet[Scan]:
    """Scans that were erased before and whose bytes stayed because one of ``batch`` names them."""
    names = {scan.quarantine_name for scan in batch}
    sharing = Scan.objects.using(db).filter(quarantine_name__in=names, erased_at__isnull=False)
    return sharing.exclude(pk__in=[scan.pk for scan in batch]).order_by("pk").defer("crops")


def _erase(batch: list[Scan], db: str, dry_run: bool) -> Iterator[Erased]:
    shared = shared_names(batch)
    results: dict[int, Erased] = {}
    ordered: list[Scan] = []
    with transaction.atomic(using=db, durable=True):
        for scan in batch:
            public = scan.status not in Scan.HIDDEN and not scan.quarantine_name
            result = Erased(
                scan=scan.pk,
                status=scan.status,
                field=scan.field,
                object=scan.object_pk,
                public=public and scan.pruned_at is None,
            )
            changes = _changes(scan, shared)
            if not (dry_run or _apply(scan, changes)):
                results[scan.pk] = replace(result, error="It changed meanwhile; erase it again.")
                continue
            for column, value in changes.items():
                setattr(scan, column, value)
            kept = SHARED if scan.quarantine_name in shared else ""
            results[scan.pk] = replace(result, status=Status(scan.status).value, kept=kept)
            if scan.discard_at is not None:
                ordered.append(scan)
    for one in discard(ordered, dry_run=dry_run):
        results[one.scan.pk] = replace(results[one.scan.pk], size=one.freed, error=one.error)
    yield from results.values()


def _changes(scan: Scan, shared: set[str]) -> Mapping[str, Any]:
    now = timezone.now()
    changes: dict[str, Any] = {
        "uploader": None,
        "original_name": "",
        "error_message": "",
        "erased_at": now,
    }
    status = _status(scan, shows=_named(scan))
    past = status in Scan.PAST
    if scan.quarantine_name in shared and not past:
        return changes  # another object waits with the same file; their fates are one
    if status != scan.status:
        changes |= {"status": status, "settled_at": now}
    if past or scan.quarantine_name:
        changes["discard_at"] = now
    return changes


def _status(scan: Scan, *, shows: str | None) -> "Scan.Status":
    if scan.status in Scan.PAST:
        return Status(scan.status)
    if shows is None:
        return Status.GONE
    if shows != scan.name:
        return Status.SUPERSEDED
    return Status.REJECTED if scan.status in Scan.HIDDEN else Status(scan.status)


def _named(scan: Scan) -> str | None:
    try:
        return Row.of(scan).name()
    except DecisionRefused:  # the model left the project
        return None


def _apply(scan: Scan, changes: Mapping[str, Any]) -> bool:
    """Unless a moderator was faster, and moved the bytes."""
    unchanged = Scan.objects.using(scan._state.db).filter(
        pk=scan.pk, status=scan.status, name=scan.name, quarantine_name=scan.quarantine_name
    )
    return bool(unchanged.update(**changes))
