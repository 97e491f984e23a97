"""Held bytes go back into the field's storage, under a name that was never served before."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.utils.translation import gettext

from ..bodies import digest
from ..exceptions import DecisionRefused
from ..models import Scan
from . import journal
from .faults import quarantine_cannot, storage_cannot
from .names import fresh_name
from .replacing import tell_replaced
from .rows import Row, rename


def release(
    scan: Scan,
    row: Row,
    *,
    to: "Scan.Status",
    decision: Mapping[str, Any] | None = None,
    source: "File[Any] | None" = None,
) -> None:
    """Put the original back and change the scan to ``to``.

    ``decision`` is what the journal keeps of the moderator's decision behind it. ``source`` is the
    held file where the caller has it open, so that an object store sends it only once; it is
    closed when it is copied.

    Runs in the caller's transaction. The placeholder and the bytes in quarantine are deleted when
    that commits; until then either state is whole. Raises ``DecisionRefused`` where the held
    bytes are missing or changed, where the object has another file now, or where somebody else
    was faster.
    """
    token = uuid.uuid4().hex
    storage, placeholder, held = row.storage, scan.name, scan.quarantine_name
    facts: dict[str, Any] = {
        "op": "release",
        "scan": scan.pk,
        "name": fresh_name(scan.original_name or placeholder, max_length=row.max_length),
        "placeholder": placeholder,
        "quarantine_name": held,
        "field": scan.field,
        "object_db": scan.object_db,
        "to": to.value,
        "decision": decision,
    }

    def finish() -> None:
        storage.delete(placeholder)
        others = Scan.objects.using(scan._state.db).filter(quarantine_name=held)
        if not others.filter(status__in=Scan.HIDDEN).exists():  # a copy, under another name
            journal.quarantine_storage().delete(held)
        tell_replaced(
            field=scan.field, using=row.db, storage=storage, was=placeholder, name=facts["name"]
        )

    def undo() -> None:
        """The bytes stay in quarantine; the copy that nobody names goes."""
        storage.delete(facts["name"])

    with journal.movement(token, facts, finish=finish, undo=undo, using=scan._state.db):
        public = _copy_out(scan, facts["name"], storage, row.max_length, source)
        journal.settle_names(token, facts, name=public)
        size = row.dimensions(scan.width, scan.height)
        rename(scan, row, to=to, name=public, quarantine_name="", **size)


def _copy_out(
    scan: Scan,
    name: str,
    storage: Storage,
    max_length: int | None,
    source: "File[Any] | None",
) -> str:
    quarantine = journal.quarantine_storage()
    try:
        with quarantine_cannot("give the file"):
            held = source or quarantine.open(scan.quarantine_name)
    except FileNotFoundError as error:
        raise DecisionRefused(
            gettext("The file in quarantine is missing."), code="missing"
        ) from error
    with held:
        with quarantine_cannot("give the file"):
            held.seek(0)
            found, _ = digest(held)  # some storages fetch the body only now
        if found != scan.sha256:
            raise DecisionRefused(
                gettext("The file in quarantine is not the one that was scanned."), code="changed"
            )
        held.seek(0)
        with storage_cannot("take the file", field=scan.field):
            return storage.save(name, File(held, name=name), max_length=max_length)
