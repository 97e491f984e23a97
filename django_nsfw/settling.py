"""A score comes later than its file, or again: the scan takes it, the file goes where it must."""

from typing import Any

from django.core.files import File
from django.db import router, transaction

from . import quarantine
from .announcing import announce
from .models import Scan
from .models.quality import drawn
from .quarantine.locks import lock_unchanged
from .quarantine.rows import Row, follow
from .scanning import Examination, status_of
from .scores import Assessment

BY_SCORE = (*Scan.UNSETTLED, Scan.Status.CLEAR, Scan.Status.FLAGGED, Scan.Status.HELD)
"""Statuses that a score leads to. What a decision led to, no score changes."""


def settle(
    scan: Scan, row: Row, found: Examination, *, source: "File[Any] | None" = None
) -> "Scan.Status":
    """Give a scan the score of its very bytes, and bring the file where the policy wants it.

    Copies of the object share the file and go with it. Where a decision has put the file somewhere
    it takes the score and stays. ``source`` is the file behind the scan where the caller has it
    open; it is closed when it is moved. Returns the status it stands at now. Raises
    ``DecisionRefused`` where somebody settled it meanwhile, where its object or its bytes are gone
    or other ones, and what the storages raise; then nothing has changed.
    """
    db = router.db_for_write(Scan)
    with transaction.atomic(using=db), transaction.atomic(using=row.db):
        lock_unchanged(scan, row)
        take(scan, found.assessment)
        if scan.status in BY_SCORE:
            scan.recognise(found.match)
            to = status_of(found)
            scan.sampled_at = scan.sampled_at if scan.status == to else drawn(scan, to)
            Scan.objects.using(db).filter(pk=scan.pk).update(
                verdict=found.verdict,
                known=scan.known_id,
                known_distance=scan.known_distance,
                sampled_at=scan.sampled_at,
            )
            scan.verdict = found.verdict
            go(scan, row, to, source=source)
    return Scan.Status(scan.status)


def go(scan: Scan, row: Row, to: "Scan.Status", *, source: "File[Any] | None" = None) -> None:
    """Change the status, the bytes with it. Under the lock of both, and for copies as well."""
    was, before = scan.status, scan.name
    if was == to:
        return
    quarantine.bring(scan, row, to=to, source=source)
    announce(scan, was=was)
    for other, stood in follow(scan, before=before):
        announce(other, was=stood)


def take(scan: Scan, assessment: Assessment) -> None:
    """Write a score of the same bytes over the one before, in every scan of the same file."""
    scan.take(assessment)
    columns = {name: getattr(scan, name) for name in Scan.ASSESSED}
    Scan.objects.using(scan._state.db).current().filter(
        field=scan.field, object_db=scan.object_db, name=scan.name, sha256=assessment.sha256
    ).update(**columns)
