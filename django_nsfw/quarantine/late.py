"""Uploads whose transaction was still open when the sweep took them for broken.

Their bytes and placeholder stay, so nothing is lost and nothing shows; what remains is to put the
object into the queue once its row is committed.
"""

from collections import defaultdict
from collections.abc import Iterator

from django.db import connections, transaction
from django.db.models import F

from ..exceptions import DecisionRefused
from ..models import Scan
from ..models.scan import pk_as_text
from .rows import Row, databases_of, file_field

BATCH = 500
"""Names in one look at the host's table, whose column has no index."""

_KEPT = {"status": Scan.Status.GONE, "object_pk": "", "discard_at": None, "erased_at": None}
"""A scan that the sweep recorded without an object. What held bytes is there has their name."""


def adopt(scan: Scan, db: str) -> bool:
    """Give the object of ``scan`` to the one that the sweep recorded without an object.

    False where there is none: the sweep found the object itself.
    """
    kept = Scan.objects.using(db).filter(token=scan.token, **_KEPT).exclude(quarantine_name="")
    return bool(
        kept.update(
            status=Scan.Status.HELD,
            object_pk=scan.object_pk,
            object_db=scan.object_db,
            settled_at=None,
        )
    )


def late_rows(db: str) -> Iterator[tuple[Scan, Row]]:
    """Kept scans whose placeholder a row names after all."""
    by_field: dict[str, list[Scan]] = defaultdict(list)
    kept = Scan.objects.using(db).filter(**_KEPT).exclude(quarantine_name="").defer("crops")
    for scan in kept.order_by("pk").iterator(chunk_size=BATCH):
        scans = by_field[scan.field]
        scans.append(scan)
        if len(scans) == BATCH:
            yield from _late(scan.field, by_field.pop(scan.field))
    for label, scans in by_field.items():
        yield from _late(label, scans)


def _late(label: str, scans: list[Scan]) -> Iterator[tuple[Scan, Row]]:
    try:
        field = file_field(label)
    except DecisionRefused:  # the model left the project, and its rows with it
        return
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
