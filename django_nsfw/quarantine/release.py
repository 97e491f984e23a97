"""Held bytes go back into the field's storage, under a name that was never served before."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db import DatabaseError, transaction

from ..assessment import digest
from ..exceptions import DecisionRefused
from ..models import Scan
from . import journal
from .faults import quarantine_cannot, storage_cannot
from .hold import settle_names
from .names import fresh_name
from .rows import Row


def release(
    scan: Scan, row: Row, *, to: "Scan.Status", decision: Mapping[str, Any] | None = None
) -> None:
    """Put the original back and change the scan to ``to``.

    ``decision`` is what the journal keeps of the moderator's decision behind it.

    Runs in the caller's transaction. The placeholder and the bytes in quarantine are deleted when
    that commits; until then either state is whole. Raises ``DecisionRefused`` where the held
    bytes are missing or changed, where the object has another file now, or where somebody else
    was faster.
    """
    token = uuid.uuid4().hex
    storage, placeholder = row.storage, scan.name
    facts: dict[str, Any] = {
        "op": "release",
        "scan": scan.pk,
        "name": fresh_name(scan.original_name or placeholder, max_length=row.max_length),
        "placeholder": placeholder,
        "quarantine_name": scan.quarantine_name,
        "field": scan.field,
        "object_db": scan.object_db,
        "to": to.value,
        "decision": decision,
    }
    journal.write(token, facts)
    try:
        public = _copy_out(scan, facts["name"], storage, row.max_length)
        settle_names(token, facts, name=public)
        if not scan.move(to, name=public, quarantine_name=""):
            raise DecisionRefused("Somebody else settled it meanwhile.", code="settled")
        if not row.rename(placeholder, public, **row.dimensions(scan.width, scan.height)):
            raise DecisionRefused("The object has another file now.", code="superseded")
    except (DecisionRefused, DatabaseError):  # a deadlock, and whoever lost it
        journal.abandon(token, lambda: undo_release(facts, storage))
        raise
    transaction.on_commit(
        lambda: finish_release(token, facts, storage), using=scan._state.db, robust=True
    )


def finish_release(token: str, facts: Mapping[str, Any], storage: Storage) -> None:
    storage.delete(facts["placeholder"])
    journal.quarantine_storage().delete(facts["quarantine_name"])
    journal.remove(token)


def undo_release(facts: Mapping[str, Any], storage: Storage) -> None:
    """The bytes stay in quarantine; the copy that nobody names goes."""
    storage.delete(facts["name"])


def _copy_out(scan: Scan, name: str, storage: Storage, max_length: int | None) -> str:
    quarantine = journal.quarantine_storage()
    try:
        with quarantine_cannot("give the file"):
            held = quarantine.open(scan.quarantine_name)
    except FileNotFoundError as error:
        raise DecisionRefused("The file in quarantine is missing.", code="missing") from error
    with held:
        with quarantine_cannot("give the file"):
            found, _ = digest(held)  # some storages fetch the body only now
        if found != scan.sha256:
            raise DecisionRefused(
                "The file in quarantine is not the one that was scanned.", code="changed"
            )
        held.seek(0)
        with storage_cannot("take the file", field=scan.field):
            return storage.save(name, File(held, name=name), max_length=max_length)
