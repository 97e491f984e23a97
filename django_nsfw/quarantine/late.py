"""Uploads whose transaction was still open when the sweep took them for broken.

Their bytes and placeholder stay, so nothing is lost and nothing shows; what remains is to put the
object into the queue once its row is committed.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from django.db import IntegrityError, connections, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.signals import post_save
from django.utils import timezone

from ..exceptions import DecisionRefused
from ..models import Scan
from ..models.keys import pk_as_text
from ..models.scan import ScanQuerySet
from .rows import Row, databases_of, file_field

BATCH = 500
"""Names in one look at the host's table, whose column has no index."""

_UNOWNED = {"object_pk": "", "discard_at": None, "erased_at": None}
_KEPT = {"status": Scan.Status.GONE, **_UNOWNED}
"""A scan that the sweep recorded without an object. What held bytes is there has their name."""


def record_held(scan: Scan, db: str) -> None:
    """Write the scan of a held upload, and settle those of the object's earlier file.

    The sweep may have recorded the same upload; its scan stays then, and gets the object where
    it has none. Two queries in any case: to ask first would be a third, and the answer could be
    wrong by the time of the INSERT, whose failure costs the host its transaction.
    """
    scans = Scan.objects.using(db)
    connection = connections[db]
    if connection.in_atomic_block:
        named = connection.features.supports_update_conflicts_with_target
        scans.bulk_create(
            [scan],
            update_conflicts=True,
            update_fields=["token"],
            unique_fields=["token"] if named else None,
        )
        # What save() says, who counts uploads must hear of this one, too.
        post_save.send(Scan, instance=scan, created=True, raw=False, using=db, update_fields=None)
    else:  # where a failure costs nothing, and bulk_create() would begin a transaction
        try:
            scan.save(using=db, force_insert=True)
        except IntegrityError:
            if not scans.filter(token=scan.token).exists():
                raise
    same = Q(token=scan.token)
    # Nothing else has no object. Its status goes without saying: no planner is to look for that.
    kept = same & Q(**_UNOWNED) & ~Q(quarantine_name="")
    earlier = ~same & ~Q(status__in=Scan.PAST)
    scans.filter(
        kept | earlier & Q(field=scan.field, object_pk=scan.object_pk, object_db=scan.object_db)
    ).update(
        object_pk=scan.object_pk,
        object_db=scan.object_db,
        settled_at=Case(When(same, then=None), default=Value(timezone.now())),
        status=Case(When(same, then=Value(scan.status)), default=Value(Scan.Status.SUPERSEDED)),
    )


def adopt(scan: Scan, db: str) -> bool:
    """Give the object of ``scan`` to the one that the sweep recorded without an object.

    What was never looked at waits for a worker again.
    """
    unscored = scan.scored_at is None and scan.known_id is None
    kept = Scan.objects.using(db).filter(token=scan.token, **_KEPT).exclude(quarantine_name="")
    return bool(
        kept.update(
            status=Scan.Status.PENDING if unscored else Scan.Status.HELD,
            object_pk=scan.object_pk,
            object_db=scan.object_db,
            settled_at=None,
        )
    )


def late_rows(db: str) -> Iterator[tuple[Scan, Row]]:
    """Kept scans whose placeholder a row names after all."""
    for field, scans in _by_field(Scan.objects.using(db).all()):
        yield from _late(field, scans)


def never_named(db: str, *, before: datetime) -> Iterator[tuple[Scan, models.FileField]]:
    """Kept scans of ``before``, whose placeholder no row names."""
    for field, scans in _by_field(Scan.objects.using(db).filter(created_at__lt=before)):
        named = {scan.pk for scan, _ in _late(field, scans)}
        yield from ((scan, field) for scan in scans if scan.pk not in named)


def _by_field(scans: ScanQuerySet) -> Iterator[tuple[models.FileField, list[Scan]]]:
    """Those that the sweep kept, in batches; without fields that left the project."""
    kept = scans.filter(**_KEPT).exclude(quarantine_name="").defer("crops")
    for batch in kept.batches(BATCH):
        by_label: dict[str, list[Scan]] = defaultdict(list)
        for scan in batch:
            by_label[scan.field].append(scan)
        for label, of_field in by_label.items():
            yield from _known_field(label, of_field)


def _known_field(label: str, scans: list[Scan]) -> Iterator[tuple[models.FileField, list[Scan]]]:
    try:
        yield file_field(label), scans
    except DecisionRefused:  # the model left the project, and its rows with it
        return


def _late(field: models.FileField, scans: list[Scan]) -> Iterator[tuple[Scan, Row]]:
    by_name = {scan.name: scan for scan in scans}
    for db in databases_of(field.model):
        rows = field.model._base_manager.using(db).filter(**{f"{field.attname}__in": by_name})
        for pk, name in rows.values_list("pk", field.attname):
            if name in by_name:  # and not only by the collation of the column
                yield by_name[name], Row(field, pk_as_text(pk), db)


def wait_for(scan_pk: int, db: str) -> None:
    """Let the transaction end that decides this scan. It locked it before it moved a byte."""
    with transaction.atomic(using=db):
        scan = Scan.objects.using(db).filter(pk=scan_pk)
        if connections[db].features.has_select_for_update:
            list(scan.select_for_update().values_list("pk"))
        else:
            scan.update(status=F("status"))
