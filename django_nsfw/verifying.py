"""Held files that are looked at one by one, with their objects: a part of the sweep, on request."""

from collections.abc import Iterator

from django.db import router

from .exceptions import DecisionRefused
from .findings import Finding, Mended
from .models import Scan
from .quarantine import journal
from .quarantine.faults import quarantine_cannot
from .quarantine.late import adopt, late_rows
from .quarantine.rows import Row

BATCH = 500
"""Scans that are read at a time."""

VERIFIED = {
    Finding.OBJECT_GONE: Scan.Status.GONE,
    Finding.SUPERSEDED: Scan.Status.SUPERSEDED,
}
"""Where ``verify`` moves a scan whose object changed without a signal."""


def verify_held(*, dry_run: bool) -> Iterator[Mended]:
    """Ask, for every scan behind a placeholder, whether its bytes and its object are there."""
    db = router.db_for_write(Scan)
    hidden = Scan.objects.using(db).filter(status__in=Scan.HIDDEN, discard_at=None)
    for batch in hidden.behind_placeholder().defer("crops").batches(BATCH):
        for scan in batch:
            found = _look_behind(scan)
            # Somebody may have settled it since it was read: then it is as it should be.
            same = hidden.filter(pk=scan.pk, name=scan.name, quarantine_name=scan.quarantine_name)
            if found is None or not same.exists():
                continue
            to = VERIFIED.get(found.finding)
            if to is None or dry_run or scan.move(to):
                yield found
    for scan, row in late_rows(db):
        if not dry_run:
            scan.object_pk, scan.object_db = row.pk, row.db
            adopt(scan, db)
        yield Mended(
            finding=Finding.RECORDED,
            subject=f"{scan.field} of {row.pk}",
            detail="its transaction was open for longer than the sweep waited; it is in the queue",
        )


def _look_behind(scan: Scan) -> Mended | None:
    """What is wrong behind a placeholder."""
    subject = f"{scan.field} of {scan.object_pk}"
    try:
        named = Row.of(scan).name()
    except DecisionRefused as refused:
        return Mended(finding=Finding.UNKNOWN, subject=subject, detail=str(refused))
    with quarantine_cannot("be read"):
        there = scan.pruned_at or journal.quarantine_storage().exists(scan.quarantine_name)
    if not there:
        detail = f"{scan.quarantine_name} is not in the quarantine; restore it from backup"
        return Mended(finding=Finding.MISSING, subject=subject, detail=detail)
    if named is None:
        detail = "the bytes stay in quarantine"
        return Mended(finding=Finding.OBJECT_GONE, subject=subject, detail=detail)
    if named != scan.name:
        detail = "the object has another file"
        return Mended(finding=Finding.SUPERSEDED, subject=subject, detail=detail)
    return None
