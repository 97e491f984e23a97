"""Placeholders of uploads whose object was never saved: a part of the sweep."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import router
from django.utils import timezone

from .findings import Finding, Mended
from .models import Scan
from .quarantine.faults import said_by
from .quarantine.late import never_named
from .quarantine.places import wherever

logger = logging.getLogger(__name__)

ABANDONED = timedelta(days=30)
"""Age from which nobody is expected to save the object any more: longer than any transaction is
open, and than the two weeks for which a session remembers a draft that names its file."""


def clear_away_placeholders(*, dry_run: bool) -> Iterator[Mended]:
    """Delete those that no row names, or what of them was written. The bytes stay in quarantine.

    Earlier the placeholder may belong to a transaction that is still open. Deleting it twice does
    no harm.
    """
    before = timezone.now() - ABANDONED
    for scan, field in never_named(router.db_for_write(Scan), before=before):
        subject = f"{scan.field} ({scan.name})"
        try:
            storage = wherever(field)
            if not storage.exists(scan.name):
                continue
            if not dry_run:
                storage.delete(scan.name)
        except Exception as error:
            logger.exception("The placeholder %s cannot be cleared away", scan.name)
            detail = f"{said_by(error).rstrip('.')}. The placeholder stays; sweep again."
            yield Mended(finding=Finding.FAILED, subject=subject, detail=detail)
            continue
        yield Mended(
            finding=Finding.CLEARED,
            subject=subject,
            detail=f"no object was saved in {ABANDONED.days} days; the placeholder is deleted, "
            "the bytes stay in quarantine",
        )
