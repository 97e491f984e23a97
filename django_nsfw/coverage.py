"""What the app does not see: fields without a policy, files without a scan, bytes in the open.

Every table is walked by its primary key, a batch at a time, so memory does not grow with it; host
and scans may be in two databases and are never joined.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import Storage
from django.db import models, router
from django.db.models import Min
from django.utils import timezone

from .bodies import digest
from .checks.storages import check_quarantine, check_quarantine_works
from .conf import nsfw_settings
from .exceptions import DecisionRefused
from .models import Scan
from .models.batches import batches_of
from .models.scan import NAME_LENGTH
from .quarantine.faults import said_by
from .quarantine.rows import Row, databases_of
from .registry import WatchedField, file_fields, registry

BATCH = 500
"""Rows read at a time; SQLite may be built to take no more than 999 names in one query."""


class Kind(StrEnum):
    """What a line of the report is about. Its value is the word the command prints."""

    WATCHED = "watched"
    EXEMPT = "exempt"
    OTHER = "other files"
    NO_POLICY = "no policy"
    EXPOSED = "exposed"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Covered:
    """One line. ``files``: objects that name one. ``missing``: how many of them were never
    scanned, or of the scans how many are overdue. ``gap``: somebody should do something."""

    kind: Kind
    field: str = ""
    database: str = ""
    object: str = ""
    files: int | None = None
    missing: int | None = None
    detail: str = ""

    @property
    def gap(self) -> bool:
        return self.kind in GAPS or (self.kind is Kind.WATCHED and bool(self.missing))


GAPS = frozenset({Kind.NO_POLICY, Kind.EXPOSED, Kind.OVERDUE, Kind.UNKNOWN})


def coverage(*, labels: Collection[str] | None = None) -> Iterator[Covered]:
    """Every file field, then what is wrong with what is held or waits.

    ``labels`` restricts it to these fields, ``"app_label.Model.field"``; None means all of them.
    """
    for label, field in file_fields():
        if labels is None or label in labels:
            yield from _of_field(label, field)
    yield from _open_quarantine()
    yield from _exposed(labels)
    yield from _overdue(labels)


def unwatched_images() -> Iterator[tuple[str, models.FileField]]:
    """Image fields without a policy that nobody left out on purpose."""
    for label, field in file_fields():
        if _kind_of(label, field) is Kind.NO_POLICY:
            yield label, field


def named_files(
    field: models.FileField, db: str, *, newest_first: bool = False
) -> Iterator[list[tuple[Any, str]]]:
    """Primary key and file name of the rows that name one, in batches, in the order of the key."""
    model: type[models.Model] = field.model
    rows = model._base_manager.using(db).values_list("pk", field.attname)
    for batch in batches_of(rows, BATCH, key=itemgetter(0), newest_first=newest_first):
        yield [(pk, name) for pk, name in batch if name]


def unscanned(label: str, db: str, names: Collection[str]) -> list[str]:
    """Which of these file names no current scan is about. One query."""
    wanted = {name[:NAME_LENGTH] for name in names}
    # By name alone: asked for the field as well, SQLite reads every scan that this field has.
    scans = Scan.objects.using(router.db_for_write(Scan)).current().filter(name__in=wanted)
    found = scans.values_list("name", "field", "object_db")
    known = {name for name, *of in found if of == [label, db]}
    return [name for name in names if name[:NAME_LENGTH] not in known]


def overdue_scans() -> "models.QuerySet[Scan]":
    """Scans that wait for their score for longer than ``NSFW_BACKGROUND["deadline"]``."""
    since = timezone.now() - nsfw_settings.background.deadline
    return Scan.objects.using(router.db_for_write(Scan)).unsettled().filter(created_at__lte=since)


def exposed(scans: "models.QuerySet[Scan]") -> Iterator[Covered]:
    """Which of these held scans have their very bytes in the field's own storage as well."""
    scans = scans.filter(status__in=Scan.HIDDEN, quarantine_name__gt="").defer("crops")
    for batch in batches_of(scans, BATCH):
        for scan in batch:
            yield from _copies_of(scan)


def _of_field(label: str, field: models.FileField) -> Iterator[Covered]:
    kind = _kind_of(label, field)
    if kind is not Kind.WATCHED:
        yield Covered(kind=kind, field=label)
        return
    watched: WatchedField = registry.watched[label]
    for db in databases_of(watched.model):
        files = missing = 0
        for batch in named_files(field, db):
            files += len(batch)
            missing += len(unscanned(label, db, [name for _, name in batch]))
        yield Covered(kind=kind, field=label, database=db, files=files, missing=missing)


def _kind_of(label: str, field: models.FileField) -> Kind:
    if label in registry.watched:
        return Kind.WATCHED
    if label in registry.exempt:
        return Kind.EXEMPT
    return Kind.NO_POLICY if isinstance(field, models.ImageField) else Kind.OTHER


def _open_quarantine() -> Iterator[Covered]:
    """What the system checks say of the quarantine: its options, and a visitor's attempt."""
    complaints: list[CheckMessage] = check_quarantine(None)
    for complaint in complaints or check_quarantine_works(None):
        yield Covered(kind=Kind.EXPOSED, detail=str(complaint.msg))


def _exposed(labels: Collection[str] | None) -> Iterator[Covered]:
    yield from exposed(_of(labels, Scan.objects.using(router.db_for_write(Scan))))


def _copies_of(scan: Scan) -> Iterator[Covered]:
    """The row's own name must lead to a placeholder, the name that was asked for to nothing."""
    try:
        storage = Row.of(scan).storage
    except DecisionRefused:
        return  # the field left the project, and its storage with it
    for name in dict.fromkeys((scan.name, scan.original_name)):
        try:
            found = bool(name) and _has_bytes(storage, name, scan)
        except Exception as error:  # noqa: BLE001 - a storage of the site may raise anything
            yield _about(scan, Kind.UNKNOWN, f"{name!r} cannot be looked at: {said_by(error)}")
            continue
        if found and not _shown_by_another(scan, name):
            yield _about(scan, Kind.EXPOSED, f"visitors can read the held bytes under {name!r}")


def _has_bytes(storage: Storage, name: str, scan: Scan) -> bool:
    try:
        if storage.size(name) != scan.size:
            return False
        with storage.open(name) as file:
            sha256, _ = digest(file)
            return bool(sha256 == scan.sha256)
    except (FileNotFoundError, SuspiciousOperation, IsADirectoryError, NotADirectoryError):
        return False


def _shown_by_another(scan: Scan, name: str) -> bool:
    """Another object may have the same bytes by a policy, or a decision, of its own."""
    scans = Scan.objects.using(scan._state.db).current().exclude(status__in=Scan.HIDDEN)
    return scans.filter(field=scan.field, name=name, sha256=scan.sha256).exists()


def _about(scan: Scan, kind: Kind, detail: str) -> Covered:
    return Covered(
        kind=kind, field=scan.field, database=scan.object_db, object=scan.object_pk, detail=detail
    )


def _overdue(labels: Collection[str] | None) -> Iterator[Covered]:
    counted = _of(labels, overdue_scans()).order_by("field", "object_db")
    groups = counted.values("field", "object_db").annotate(
        missing=models.Count("pk"), oldest=Min("created_at")
    )
    for group in groups:
        age = timezone.now() - group["oldest"]
        yield Covered(
            kind=Kind.OVERDUE,
            field=group["field"],
            database=group["object_db"],
            missing=group["missing"],
            detail=f"the oldest waits for {int(age.total_seconds()):,} s",
        )


def _of(labels: Collection[str] | None, scans: "models.QuerySet[Scan]") -> "models.QuerySet[Scan]":
    return scans if labels is None else scans.filter(field__in=labels)
