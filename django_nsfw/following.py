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

REFUSED = {
    "gone": Finding.OBJECT_GONE,
    "superseded": Finding.SUPERSEDED,
    "settled": Finding.SUPERSEDED,
}
"""Why a scan has nothing to follow any more."""


def let_follow(before: datetime, *, dry_run: bool) -> Iterator[Mended]:
    """Finish what decisions taken ``before`` then have not brought to everything they settle.

    Walks the index of ``known``: a scan that no known image settled costs nothing.
    """
    scans = (
        at_odds(router.db_for_write(Scan))
        .filter(known__decision__created_at__lte=before)
        .select_related("known__decision")
        .defer("crops")
    )
    last = 0
    while True:
        rest = scans.filter(known_id__gt=last)
        known = list(rest.order_by("known_id").values_list("known_id", flat=True)[:BATCH])
        if not known:
            return
        for batch in rest.filter(known_id__lte=known[-1]).batches(BATCH):
            for scan in batch:
                yield _follow(scan, dry_run)
        last = known[-1]


def _follow(scan: Scan, dry_run: bool) -> Mended:
    subject = f"{scan.field} of {scan.object_pk}"
    try:
        inherit(scan, dry_run=dry_run)
    except DecisionRefused as refused:
        finding = REFUSED.get(refused.code, Finding.FAILED)
        return Mended(finding=finding, subject=subject, detail=str(refused))
    except Exception as error:
        logger.exception("%s did not follow the decision about its known image", subject)
        detail = f"{type(error).__name__}: {str(error).rstrip('.')}. Nothing moved; sweep again."
        return Mended(finding=Finding.FAILED, subject=subject, detail=detail)
    return Mended(finding=Finding.FOLLOWED, subject=subject, detail=f"{scan.known}")
