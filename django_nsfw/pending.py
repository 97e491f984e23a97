"""Scans that wait for a background worker: taken on under a lease, scored, settled by policy.

Whatever the engine does with its messages, the row says what is left to do. A worker that dies
costs a lease; what three of them could not score is settled without a score, for its reason.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.files import File
from django.db import router
from django.db.models import F, Q
from django.utils import timezone

from . import runners
from .announcing import announce
from .conf import nsfw_settings
from .exceptions import DecisionRefused, DetectorBusy, DetectorUnavailable
from .findings import Finding, Mended
from .models import Scan
from .quarantine import journal
from .quarantine.rows import Row
from .registry import registry
from .scanning import examine, unscored
from .scores import Failure
from .settling import settle
from .shadow import drawing
from .stored import scan_stored

logger = logging.getLogger(__name__)

ATTEMPTS = 3
"""Workers that take a scan on before it is settled without a score."""

RETRY_AFTER = 10.0
"""Seconds before the second attempt; the third waits twice as long."""

RETRIED = frozenset({DetectorUnavailable.code, DetectorBusy.code})
"""Reasons that another attempt may not meet again. Those in the file itself stay."""

BATCH = 200
"""Scans that the sweep reads at a time."""


def score(pk: int) -> None:
    """Score the scan ``pk``, if it waits and nobody else is at it. Calling it twice scores once.

    Never raises for what a file, a detector or a storage does: after the last attempt the scan
    stands where its policy puts what cannot be scored. Takes on one more whose worker died.
    """
    db = router.db_for_write(Scan)
    _score_one(pk, db)
    lost = Scan.objects.using(db).unsettled().filter(lease_until__lte=timezone.now())
    for other in lost.order_by("lease_until").values_list("pk", flat=True)[:1]:
        _score_one(other, db)


def _score_one(pk: int, db: str) -> None:
    scan = _take_on(pk, db)
    if scan is None:
        return
    try:
        row = Row.of(scan)
        named = row.name()
        if named != scan.name:
            scan.move(Scan.Status.GONE if named is None else Scan.Status.SUPERSEDED)
        else:
            _score(scan, row)
            drawing.ask_for(scan)
    except DecisionRefused as refused:
        # Its model left the project, or a moderator or an upload was faster: they settle it.
        logger.info("%s of %s: %s", scan.field, scan.object_pk, refused)
    except Exception as error:
        logger.exception("%s of %s was not scored", scan.field, scan.object_pk)
        _again(scan, Failure(code="unfinished", message=f"{type(error).__name__}: {error}"))


def _take_on(pk: int, db: str) -> Scan | None:
    """The scan under a lease of our own; None where there is nothing to do, or not yet."""
    now = timezone.now()
    waiting = Scan.objects.using(db).unsettled().filter(pk=pk)
    free = waiting.filter(Q(lease_until=None) | Q(lease_until__lte=now), attempts__lt=ATTEMPTS)
    lease = now + nsfw_settings.background.lease
    taken = free.update(lease_until=lease, attempts=F("attempts") + 1)
    scan = waiting.first()
    if taken or scan is None:
        return scan
    if scan.lease_until is not None and scan.lease_until > now:
        # A message that came early, or again because its worker was lost.
        _send_later(pk, (scan.lease_until - now).total_seconds() + 1)
    else:
        settle_unscored(scan, Failure(code="unfinished", message="Its workers died, each time."))
    return None


def _score(scan: Scan, row: Row) -> None:
    try:
        file = _open(scan, row)
    except FileNotFoundError as error:
        missing = Failure(code="missing", message=str(error))
        if scan.status == Scan.Status.UNSCORED and scan.attempts >= ATTEMPTS:
            scan.move(Scan.Status.GONE, error_code=missing.code, error_message=missing.message)
        else:
            _again(scan, missing)
        return
    with file:
        found = examine(file, name=scan.original_name, **_context(row))
        failure = found.assessment.failure
        if failure is not None and failure.code in RETRIED:
            _again(scan, failure)
        elif found.assessment.sha256 == scan.sha256:
            settle(scan, row, found, source=file)
        elif scan.status == Scan.Status.UNSCORED:
            scan_stored(row, scores=True)
        else:
            settle_unscored(scan, Failure(code="changed", message="The held bytes have changed."))


def _open(scan: Scan, row: Row) -> "File[Any]":
    if scan.status == Scan.Status.PENDING:
        return journal.quarantine_storage().open(scan.quarantine_name)
    return row.storage.open(scan.name)


def _context(row: Row) -> dict[str, Any]:
    """What the policy of a file is made from."""
    watched = registry.get(row.field)
    return {
        "options": watched.options if watched else {},
        "instance": row.rows.first(),
        "field_name": row.field.name,
    }


def _again(scan: Scan, failure: Failure) -> None:
    """Let go of the scan and have it tried once more; after the last attempt, settle it."""
    if scan.attempts >= ATTEMPTS:
        settle_unscored(scan, failure)
        return
    delay = RETRY_AFTER * scan.attempts
    Scan.objects.using(scan._state.db).filter(pk=scan.pk, attempts=scan.attempts).update(
        lease_until=timezone.now() + timedelta(seconds=delay)
    )
    _send_later(scan.pk, delay + 1)


def _send_later(pk: int, delay: float) -> None:
    """Where the engine can do that; where not, or where it is out of reach, the lease runs out and
    the next scan or the sweep takes it up."""
    runner = runners.current()
    if not runner.delays:
        return
    try:
        runner.score(pk, delay=delay)
    except Exception:
        logger.exception("Scan %s was not sent to a worker again; nsfw_sweep will send it", pk)


def settle_unscored(scan: Scan, failure: Failure) -> None:
    """Put what no worker could score where its policy puts it, with the reason.

    Where the bytes cannot be moved it waits for a moderator on the side where it is.
    """
    logger.warning("%s of %s has no score: %s", scan.field, scan.object_pk, failure.message)
    try:
        row = Row.of(scan)
        settle(scan, row, unscored(scan.assessment, failure, **_context(row)))
    except Exception:
        logger.exception("%s of %s stays where it is", scan.field, scan.object_pk)
        hidden = scan.status in Scan.HIDDEN
        to = Scan.Status.HELD if hidden else Scan.Status.FLAGGED
        was = scan.status
        if scan.move(to, error_code=failure.code, error_message=failure.message):
            announce(scan, was=was)


def catch_up(*, dry_run: bool) -> Iterator[Mended]:
    """A part of the sweep: settle what is overdue, and send again for what seems lost."""
    db, times = router.db_for_write(Scan), nsfw_settings.background
    now = timezone.now()
    waiting = Scan.objects.using(db).unsettled().defer("crops")
    overdue = waiting.filter(created_at__lte=now - times.deadline)
    for batch in overdue.batches(BATCH):
        for scan in batch:
            yield _overdue(scan, dry_run)
    lost = waiting.filter(
        Q(lease_until=None, created_at__lte=now - times.lease) | Q(lease_until__lte=now),
        created_at__gt=now - times.deadline,
    )
    for batch in lost.batches(BATCH):
        for scan in batch:
            mended = _lost(scan, dry_run)
            yield mended
            if mended.finding is Finding.FAILED:
                return  # the engine is out of reach, and each of the others might wait for it


def _overdue(scan: Scan, dry_run: bool) -> Mended:
    waited = int((timezone.now() - scan.created_at).total_seconds())
    words = f"No worker scored it within {waited} s ({scan.attempts} attempts)."
    if not dry_run:
        settle_unscored(scan, Failure(code="overdue", message=words))
    return Mended(
        finding=Finding.OVERDUE,
        subject=f"{scan.field} of {scan.object_pk}",
        detail=f"no worker scored it within {waited} s; are workers running?",
    )


def _lost(scan: Scan, dry_run: bool) -> Mended:
    subject = f"{scan.field} of {scan.object_pk}"
    try:
        if not dry_run:
            runners.current().score(scan.pk)
    except Exception as error:
        logger.exception("%s could not be sent to a worker", subject)
        detail = (
            f"{type(error).__name__}: {str(error).rstrip('.')}. It stays as it is, and what else "
            "waits for a worker; sweep again."
        )
        return Mended(finding=Finding.FAILED, subject=subject, detail=detail)
    return Mended(finding=Finding.SENT, subject=subject, detail="no worker has it")
