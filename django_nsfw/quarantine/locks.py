"""Two moderators, an upload and the sweep take what they share in one order: rows, then scans.

The host's row comes first because an upload has locked it before our receiver gets to the scans.
Whoever waits here holds nothing that an upload waits for, so that no upload of the host is ever
the victim of a deadlock with a decision about its own object.
"""

from typing import Any

from django.db import OperationalError, connections
from django.db.models import F
from django.utils.translation import gettext

from ..exceptions import DecisionRefused
from ..models import Scan
from .rows import REPLACED, SETTLED, Row

_POSTGRESQL = {"40P01", "40001", "55P03"}
"""SQLSTATE: deadlock detected, serialization failure, lock not available."""

_MARIADB = {1205, 1213, 1020, 3572}
"""Lock wait timeout, deadlock, record has changed since last read, lock not available."""


def lock(scan: Scan, row: Row) -> str | None:
    """What the row names, with it and every scan of the same file locked; None without a row.

    Copies of an object share its file and are settled with it. In the caller's transactions, as
    the first thing in them: SQLite has one lock for all, and whoever read before may not get it.
    """
    db = scan._state.db or "default"
    same = (
        Scan.objects.using(db)
        .current()
        .filter(field=scan.field, object_db=scan.object_db, name=scan.name)
    )
    if not _has_row_locks(db):
        Scan.objects.using(db).filter(pk=scan.pk).update(status=F("status"))
    sharing = dict(same.values_list("pk", "object_pk"))
    if not _has_row_locks(row.db):
        if row.db != db:
            row.rows.update(**{row.field.attname: F(row.field.attname)})
        named = row.name()
    else:
        names: dict[str, str | None] = {}
        for pk in sorted({row.pk, *sharing.values()}):
            rows = Row(row.field, pk, row.db).rows.select_for_update()
            names[pk] = rows.values_list(row.field.attname, flat=True).first()
        named = names[row.pk]
    if _has_row_locks(db):
        # By key: a range of names would be locked against uploads that come between.
        list(
            Scan.objects.using(db)
            .filter(pk__in={scan.pk, *sharing})
            .order_by("pk")
            .select_for_update()
            .values_list("pk")
        )
    return named


def lock_row(row: Row, db: str) -> str | None:
    """What the row names, locked before a scan of it is written to ``db``; None without a row."""
    if not _has_row_locks(db):
        Scan.objects.using(db).filter(pk=0).update(status=F("status"))
    attname = row.field.attname
    if not _has_row_locks(row.db):
        if row.db != db:
            row.rows.update(**{attname: F(attname)})
        return row.name()
    names = row.rows.select_for_update().values_list(attname, flat=True)
    named: str | None = names.first()
    return named


def lock_unchanged(scan: Scan, row: Row, **read: Any) -> Any:
    """Before any bytes move: from here on, row and scan stay as they are until the end.

    Returns the scan as it is, annotated with what else is to be ``read``. Raises
    ``DecisionRefused`` where they are not as they were when ``scan`` was read.
    """
    named = lock(scan, row)
    db = scan._state.db or "default"
    now = Scan.objects.using(db).filter(pk=scan.pk)
    if _has_row_locks(db):
        now = now.select_for_update()  # the newest, where a transaction repeats what it read
    found = now.annotate(**read).defer("crops").first()
    if found is not None and found.status == Scan.Status.SUPERSEDED:
        raise DecisionRefused(gettext(REPLACED), code="superseded")
    if found is None or (found.status, found.name) != (scan.status, scan.name):
        raise DecisionRefused(gettext(SETTLED), code="settled")
    require_bytes(found)
    require_named(scan, named)
    return found


def require_named(scan: Scan, named: str | None) -> None:
    """``named`` is what the row of ``scan`` names."""
    if named is None:
        raise DecisionRefused(gettext("The object is gone."), code="gone")
    if named != scan.name:
        raise DecisionRefused(gettext(REPLACED), code="superseded")


def require_bytes(scan: Scan) -> None:
    """Retention, or a person who erased it, may have been faster."""
    if scan.bytes_discarded:
        raise DecisionRefused(
            gettext("What was held is deleted for good: there is nothing left to put back."),
            code="pruned",
        )


def is_busy(error: OperationalError) -> bool:
    """Whether somebody else had the lock: the same thing may succeed later."""
    cause: Any = error.__cause__
    if getattr(cause, "sqlstate", None) in _POSTGRESQL:
        return True
    return (error.args[:1] or (None,))[0] in _MARIADB or "database is locked" in str(error)


def _has_row_locks(db: str) -> bool:
    return connections[db].features.has_select_for_update
