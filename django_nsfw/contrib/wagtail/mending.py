"""What did not follow its file is found and mended: a part of ``nsfw_sweep``.

A process may die between the commit that holds a picture and the receiver that deletes its
renditions, and a request that had opened the file before may make another one after that.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import router
from django.utils import timezone
from wagtail.images.models import AbstractImage

from ...exceptions import DecisionRefused
from ...findings import Finding, Mended
from ...models import Scan
from ...models.keys import pk_as_text, pk_from_text
from ...quarantine.faults import said_by
from ...quarantine.rows import Row, file_field
from ...registry import registry
from .derived import is_of_another_file, is_ours, measure, purge

logger = logging.getLogger(__name__)

RECENT = timedelta(days=2)
"""For how long after a file was held or released it is looked after. The sweep runs hourly."""

BATCH = 500

MOVED_OUT = (Scan.Status.HELD, Scan.Status.REJECTED)


def mend(*, dry_run: bool) -> Iterator[Mended]:
    since = timezone.now() - RECENT
    labels = [label for label in registry.watched if is_ours(label)]
    scans = Scan.objects.using(router.db_for_write(Scan)).current().filter(field__in=labels)
    held = scans.filter(status__in=MOVED_OUT, created_at__gte=since, settled_at=None)
    for recent in (held, scans.filter(settled_at__gte=since)):
        for batch in recent.defer("crops").batches(BATCH):
            yield from _of_batch(batch, dry_run)


def _of_batch(scans: list[Scan], dry_run: bool) -> Iterator[Mended]:
    by_table: dict[tuple[str, str], dict[str, Scan]] = defaultdict(dict)
    for scan in scans:
        by_table[scan.field, scan.object_db][scan.object_pk] = scan
    for (label, db), of_table in by_table.items():
        try:
            model: Any = file_field(label).model
        except DecisionRefused:
            continue
        pks = [pk_from_text(model, text) for text in of_table]
        rows = model._base_manager.using(db).in_bulk(pks).values()
        renditions = _renditions(model, db, pks)
        for instance in rows:
            scan = of_table[pk_as_text(instance.pk)]
            if instance.file.name == scan.name:
                yield from _of_one(scan, instance, renditions[instance.pk], dry_run)


def _renditions(model: Any, db: str, pks: list[Any]) -> dict[Any, list[Any]]:
    """By the primary key of their image."""
    found: dict[Any, list[Any]] = defaultdict(list)
    if issubclass(model, AbstractImage):
        of_model = model.get_rendition_model()._base_manager.using(db)
        for rendition in of_model.filter(image__in=pks):
            found[rendition.image_id].append(rendition)
    return found


def _of_one(scan: Scan, instance: Any, renditions: list[Any], dry_run: bool) -> Iterator[Mended]:
    """``file_size`` is written last: where it is that of the other file, nothing was done yet."""
    behind = _is_of_the_other_file(scan, instance.file_size)
    stale = [each for each in renditions if behind or is_of_another_file(each, instance)]
    if not (behind or stale):
        return
    subject = f"{scan.field} of {scan.object_pk}"
    try:
        if not dry_run:
            purge(instance, stale)
            measure(instance, Row.of(scan))
    except Exception as error:
        logger.exception("What Wagtail derived from %s could not be mended", subject)
        detail = f"{said_by(error).rstrip('.')}. Renditions of it may be public; sweep again."
        yield Mended(finding=Finding.FAILED, subject=subject, detail=detail)
        return
    detail = f"{len(stale)} renditions of another file are deleted, its size and hash written anew"
    yield Mended(finding=Finding.CAUGHT_UP, subject=subject, detail=detail)


def _is_of_the_other_file(scan: Scan, size: int | None) -> bool:
    """Of the original where a placeholder stands, or the other way round. None says nothing."""
    return size is not None and (size == scan.size) == (scan.status in Scan.HIDDEN)
