"""Files that a known image settled and that did not follow when its decision was reversed: a part
of the sweep. A crash left them, or there were more than one request moves."""

import logging
from collections.abc import Iterator
from datetime import datetime

from django.db import router

from .decisions import inherit
from .exceptions import DecisionRefused
from .findings import Finding, Mended
from .models import Scan
from .models.known import at_odds

logger = logging.getLogger(__name__)

BATCH = 200
"""Scans that are read at a time."""


def let_follow(before: datetime, *, dry_run: bool) -> Iterator[Mended]:
    """Finish what decisions taken ``before`` then have not brought to everything they settle."""
    scans = (
        at_odds(router.db_for_write(Scan))
        .filter(known__decision__created_at__lte=before)
        .select_related("known__decision")
        .defer("crops")
    )
    last = 0
    while batch := list(scans.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk
        for scan in batch:
            yield _follow(scan, dry_run)


def _follow(scan: Scan, dry_run: bool) -> Mended:
    subject = f"{scan.field} of {scan.object_pk}"
    try:
        if not dry_run:
            inherit(scan)
    except DecisionRefused as refused:
        gone = refused.code in ("gone", "superseded", "settled")
        return Mended(
            finding=Finding.SUPERSEDED if gone else Finding.FAILED,
            subject=subject,
            detail=str(refused),
        )
    except Exception as error:
        logger.exception("%s did not follow the decision about its known image", subject)
        detail = f"{type(error).__name__}: {str(error).rstrip('.')}. Nothing moved; sweep again."
        return Mended(finding=Finding.FAILED, subject=subject, detail=detail)
    return Mended(finding=Finding.FOLLOWED, subject=subject, detail=f"{scan.known}")
