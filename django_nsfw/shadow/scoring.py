"""What was drawn is scored by the shadow: by anybody, at any time, and nobody waits for it.

The row says what is left to do. It is taken under a lease, so that any number of processes can be
at it, and one that dies costs no more than that lease.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.db import IntegrityError, router, transaction
from django.db.models import F
from django.utils import timezone

from ..assessment import assess
from ..conf import nsfw_settings
from ..detectors import detectors
from ..exceptions import DecisionRefused, DetectorBusy, DetectorUnavailable
from ..models import Scan, ShadowScore
from ..quarantine.journal import quarantine_storage
from ..quarantine.rows import Row

logger = logging.getLogger(__name__)

ATTEMPTS = 3
"""Workers that take a row on before it is settled without a score."""

RETRY_AFTER = timedelta(minutes=1)
"""Before the second attempt; the third waits twice as long."""

RETRIED = frozenset({DetectorUnavailable.code, DetectorBusy.code})
"""Reasons that another attempt may not meet again. Those in the file itself stay."""

AT_ONCE = 20
"""Rows that a background worker takes before others get their turn."""

CANDIDATES = 20


@dataclass(frozen=True, kw_only=True)
class Shadowed:
    """What came of one row. ``status``: ``scored``; ``recalled``, where the bytes were known to
    this detector; ``later``, to be tried again; ``failed``, for ``code``. ``decided`` is the score
    that decided."""

    scan: int
    field: str
    status: str
    nsfw: float | None = None
    decided: float | None = None
    ms: float = 0.0
    code: str = ""
    message: str = ""


def work() -> None:
    """What a background worker does when it is called. Calling it twice scores once."""
    try:
        for _ in score(limit=AT_ONCE):
            pass
    except (DetectorUnavailable, ImproperlyConfigured) as error:
        logger.warning("The shadow does not score, and what was drawn waits: %s", error)


def score(*, limit: int | None = None) -> Iterator[Shadowed]:
    """Score what is due, the oldest first, and yield what came of each. Nothing without a shadow.

    Raises ``DetectorUnavailable`` or ``ImproperlyConfigured`` where the shadow cannot be had; what
    was drawn goes on waiting then.
    """
    shadow, db = nsfw_settings.shadow, router.db_for_write(Scan)
    done = 0
    while shadow is not None and (limit is None or done < limit):
        identity = detectors[shadow.detector].identity
        row = _take(db)
        if row is None:
            return
        done += 1
        yield _score(row, db, shadow.detector, identity)


def _take(db: str) -> ShadowScore | None:
    """The next one that is due and that no other process has; it is ours from here on."""
    rows, at_work = ShadowScore.objects.using(db), set[str]()
    while True:
        due = rows.due().exclude(sha256__in=at_work).select_related("scan").defer("scan__crops")
        candidates = list(due[:CANDIDATES])
        for row in candidates:
            if row.sha256 in at_work:
                continue
            try:
                if _lease(row, db):
                    return row
            except IntegrityError:  # somebody is at the same bytes; their score will do for both
                at_work.add(row.sha256)
        if len(candidates) < CANDIDATES:
            return None


def _lease(row: ShadowScore, db: str) -> bool:
    until = timezone.now() + nsfw_settings.background.lease
    mine = ShadowScore.objects.using(db).filter(pk=row.pk, next_at=row.next_at)
    with transaction.atomic(using=db):
        taken = mine.update(next_at=until, attempts=F("attempts") + 1, doing=row.sha256)
    row.attempts += 1
    return bool(taken)


def _score(row: ShadowScore, db: str, alias: str, identity: str) -> Shadowed:
    scan = row.scan
    if row.attempts > ATTEMPTS:
        return _fail(row, db, "unfinished", "Its workers died, each time.")
    if scan.erased_at is not None:
        return _fail(row, db, "erased", "Its personal data was erased.")
    if scan.bytes_discarded:  # what has its name is a placeholder
        return _fail(row, db, "missing", "What was held was deleted.")
    if scan.nsfw is None or scan.error_code or scan.detector == identity:
        return _fail(row, db, "unpaired", "There is no score of another detector to compare with.")
    known = _recall(row.sha256, identity, db)
    if known is not None:
        return _settle(row, db, "recalled", detector=identity, nsfw=known[0], label=known[1])
    try:
        return _look(row, db, alias)
    except (FileNotFoundError, DecisionRefused) as error:
        return _fail(row, db, "missing", str(error))
    except Exception as error:
        logger.exception("Scan %s was not scored for the shadow", scan.pk)
        return _again(row, db, "unfinished", f"{type(error).__name__}: {error}")


def _look(row: ShadowScore, db: str, alias: str) -> Shadowed:
    """Raises what the storage raises, and ``DecisionRefused`` where the model left the project."""
    with _open(row.scan, db) as file:
        found = assess(file, alias=alias)
    if found.sha256 != row.sha256:
        return _fail(row, db, "changed", "The file is not the one that was scanned.")
    if found.failure is not None:
        retried = found.failure.code in RETRIED
        return (_again if retried else _fail)(row, db, found.failure.code, found.failure.message)
    taken = Scan()
    taken.take(found)
    score = {"detector": found.detector, "nsfw": found.nsfw, "label": taken.label}
    return _settle(row, db, "scored", **score, ms=taken.ms)


def _recall(sha256: str, identity: str, db: str) -> tuple[float, str] | None:
    """What this detector once said of these bytes, for whatever reason it was asked."""
    by_shadow = ShadowScore.objects.using(db).scored(sha256, identity)
    by_scan = Scan.objects.using(db).scored(sha256, identity)
    for rows in (by_shadow, by_scan):
        found: tuple[Any, str] | None = rows.values_list("nsfw", "label").first()
        if found is not None:
            return found
    return None


def _open(scan: Scan, db: str) -> "File[Any]":
    try:
        return _opened(scan)
    except FileNotFoundError:
        now = Scan.objects.using(db).defer("crops").get(pk=scan.pk)
        if (now.name, now.quarantine_name) == (scan.name, scan.quarantine_name):
            raise
        return _opened(now)  # held or released between the look and the reading


def _opened(scan: Scan) -> "File[Any]":
    if scan.quarantine_name:
        return quarantine_storage().open(scan.quarantine_name)
    return Row.of(scan).storage.open(scan.name)


def _fail(row: ShadowScore, db: str, code: str, message: str) -> Shadowed:
    """Settle it without a score. The words are for the log alone: decoders quote what they choked
    on, and a row is kept for as long as its scan."""
    logger.info("The shadow has no score for scan %s: %s", row.pk, message)
    return _settle(row, db, "failed", code=code, message=message)


def _again(row: ShadowScore, db: str, code: str, message: str) -> Shadowed:
    if row.attempts >= ATTEMPTS:
        return _fail(row, db, code, message)
    _ours(row, db).update(next_at=timezone.now() + RETRY_AFTER * row.attempts, doing=None)
    return Shadowed(scan=row.pk, field=row.field, status="later", code=code, message=message)


def _settle(
    row: ShadowScore, db: str, status: str, *, code: str = "", message: str = "", **score: Any
) -> Shadowed:
    scan, now = row.scan, timezone.now()
    paired = {"deciding_detector": scan.detector, "deciding_nsfw": scan.nsfw} if score else {}
    _ours(row, db).update(
        next_at=None, doing=None, scored_at=now, error_code=code, **score, **paired
    )
    return Shadowed(
        scan=row.pk,
        field=row.field,
        status=status,
        nsfw=score.get("nsfw"),
        decided=scan.nsfw,
        ms=score.get("ms", 0.0),
        code=code,
        message=message,
    )


def _ours(row: ShadowScore, db: str) -> Any:
    """Unless another process has it by now, because this one was away for longer than its lease."""
    rows = ShadowScore.objects.using(db).waiting()
    return rows.filter(pk=row.pk, attempts=row.attempts)
