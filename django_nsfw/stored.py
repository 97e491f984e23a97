"""A file that is stored already → its scan: what came by other ways than an upload."""

import logging
import uuid
from typing import Any

from django.core.files import File
from django.db import models, router, transaction
from django.utils import timezone

from . import quarantine
from .models import Scan
from .models.scan import object_pk
from .policy import Action
from .quarantine.locks import lock
from .quarantine.rows import Row, follow
from .registry import WatchedField, registry
from .scanning import examine, status_of, uploader_id, user_in

logger = logging.getLogger(__name__)


def record_named(instance: models.Model, watched: WatchedField, *, using: str) -> None:
    """A new object names a file that was stored by other means: look at it once it is committed.

    Nothing that goes wrong here reaches the host; a rescan finds what has no scan.
    """
    row = Row(watched.field, object_pk(instance, watched.field), using)
    if watched.field.attname not in vars(instance) or not getattr(instance, watched.field.attname):
        return
    transaction.on_commit(lambda: _scan_quietly(row), using=using, robust=True)


def scan_stored(row: Row) -> Scan | None:
    """Scan the file that a row names now, in its storage; hold it where the policy says so.

    A placeholder is not scanned: what it stands for waits already. A copied object names the
    file of another one and shares its standing. None where there is no row or no file. Raises
    what the storage raises; a file that cannot be held then is flagged and waits in the queue.
    """
    name = row.name()
    watched = registry.get(row.field)
    instance = row.rows.first()
    if not name or instance is None or watched is None:
        return None
    db = router.db_for_write(Scan)
    known = (
        Scan.objects.using(db)
        .current()
        .filter(field=watched.label, object_db=row.db, name=name)
        .order_by("-pk")
        .first()
    )
    if known is not None and known.status in Scan.HIDDEN:
        return known if known.object_pk == row.pk else _share(known, row, db)
    try:
        file = row.storage.open(name)
    except FileNotFoundError:
        return None
    with file:
        return _scan_open(file, name, row, watched, instance, known, db)


def _scan_open(
    file: "File[Any]",
    name: str,
    row: Row,
    watched: WatchedField,
    instance: models.Model,
    known: Scan | None,
    db: str,
) -> Scan:
    """``file`` stays open from the score to the hold: an object store sends it only once."""
    found = examine(
        file, name=name, options=watched.options, instance=instance, field_name=row.field.name
    )
    same = known is not None and known.sha256 == found.assessment.sha256
    if known is not None and same and known.object_pk != row.pk:
        return _share(known, row, db)
    uploader = uploader_id(instance, found.policy.uploader)
    scan = Scan(
        field=watched.label,
        object_pk=row.pk,
        object_db=row.db,
        name=name,
        original_name=name,
        uploader_id=user_in(db, uploader, certain=db == row.db),
        verdict=found.verdict,
        status=Scan.Status.FLAGGED if found.action is Action.HOLD else status_of(found),
    )
    scan.take(found.assessment)
    scan.recognise(found.match)
    with transaction.atomic(using=db):
        scan.save(using=db, force_insert=True)
        Scan.objects.using(db).supersede(scan)
    if found.action is Action.HOLD:
        # On its own: where this fails or dies, the scan is there and somebody will look.
        with transaction.atomic(using=db), transaction.atomic(using=row.db):
            lock(scan, row)
            quarantine.take_down(scan, row, to=status_of(found), source=file)
            list(follow(scan, before=name))
    return scan


def _share(known: Scan, row: Row, db: str) -> Scan:
    """Another object names the very file of ``known``."""
    scan = Scan.objects.using(db).get(pk=known.pk)
    scan.pk, scan.token, scan.object_pk = None, uuid.uuid4(), row.pk
    scan.created_at = timezone.now()
    with transaction.atomic(using=db):
        scan.save(using=db, force_insert=True)
        Scan.objects.using(db).supersede(scan)
    return scan


def _scan_quietly(row: Row) -> None:
    try:
        scan_stored(row)
    except Exception:
        logger.exception("%s of %s was not scanned", row.field, row.pk)
