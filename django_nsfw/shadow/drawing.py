"""Which uploads the shadow is shown: drawn by lot, and written down beside their scans."""

import hashlib
import logging

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, transaction

from .. import runners
from ..conf import nsfw_settings
from ..models import Scan, ShadowScore
from ..shield import Shield

logger = logging.getLogger(__name__)

SALT = b"shadow"
"""The lot of the quality sample is that of the token alone: neither sample foretells the other."""

_writing = Shield()


def drawn(scan: Scan, alias: str) -> ShadowScore | None:
    """The row of ``scan``, which the detector ``alias`` decides on, if the shadow is to see it.

    None where its lot is not one of the share, where that detector is the shadow itself, or where
    the scan has no score and gets none, so that there is nothing to compare. No query.
    """
    compared = scan.nsfw is not None and not scan.error_code
    if not (compared or scan.status in Scan.UNSETTLED) or not _in_share(scan, alias):
        return None
    return ShadowScore(field=scan.field, sha256=scan.sha256)


def write(row: ShadowScore, scan: Scan, db: str) -> None:
    """One INSERT, in the transaction in which ``scan`` was recorded. A table that is missing
    costs nobody an upload."""
    row.scan_id = scan.pk
    try:
        with _writing(db):
            # The sweep may have recorded the same upload, and the site have drawn it before.
            ShadowScore.objects.using(db).bulk_create([row], ignore_conflicts=True)
    except DatabaseError:
        if connections[db].needs_rollback:
            raise  # the host's transaction is lost either way, and must not look alive
        logger.exception("Scan %s is not shown to the shadow (run migrate?)", scan.pk)
        return
    if scan.status not in Scan.UNSETTLED:
        transaction.on_commit(_ask, using=db, robust=True)


def ask_for(scan: Scan) -> None:
    """A background worker has scored ``scan``: if it was drawn, it is the shadow's turn. No
    query; whoever is asked for nothing finds nothing to do."""
    if scan.status not in Scan.UNSETTLED and _in_share(scan, ""):
        _ask()


def _in_share(scan: Scan, alias: str) -> bool:
    try:
        shadow = nsfw_settings.shadow
    except ImproperlyConfigured:  # E070 reports it; an upload is not to fail of it
        return False
    if shadow is None or shadow.detector == alias:
        return False
    lot = int.from_bytes(hashlib.sha256(SALT + scan.token.bytes).digest()[:8])
    return lot < shadow.share * 2**64


def _ask() -> None:
    """Without an engine nobody is asked, and ``nsfw_shadow`` does it: an upload does not wait."""
    try:
        runners.current().shadow()
    except Exception:
        logger.exception("No worker was asked to score for the shadow; nsfw_shadow will")
