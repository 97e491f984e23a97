"""Orders to delete held bytes that were given and not carried out: a part of the sweep."""

from collections.abc import Iterator
from datetime import datetime

from django.db import router

from .findings import Finding, Mended
from .models import Scan
from .quarantine.discard import BATCH, Discarded, discard


def carry_out_orders(before: datetime, *, dry_run: bool) -> Iterator[Mended]:
    """Finish what a crash or a storage that failed left of a deletion ordered ``before`` then."""
    orders = Scan.objects.using(router.db_for_write(Scan)).filter(discard_at__lte=before)
    for batch in orders.defer("crops").batches(BATCH):
        for discarded in discard(batch, spare_named=True, dry_run=dry_run):
            yield _mended(discarded)


def _mended(discarded: Discarded) -> Mended:
    subject = f"{discarded.scan.field} of {discarded.scan.object_pk or 'no object'}"
    if discarded.error:
        detail = f"{discarded.error.rstrip('.')}. Its bytes are still there; sweep again."
        return Mended(finding=Finding.FAILED, subject=subject, detail=detail)
    if not discarded.kept:
        detail = "the bytes are deleted"
    else:
        detail = f"{discarded.kept}, so the bytes stay"
    return Mended(finding=Finding.DISCARDED, subject=subject, detail=detail)
