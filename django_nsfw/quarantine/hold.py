"""Bytes go into quarantine, a placeholder takes their place.

Both ways announce themselves in the journal first, and a reader of the field's storage sees the
original or the placeholder, never a mixture.
"""

import posixpath
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db import transaction

from ..assessment import Body, digest
from ..exceptions import DecisionRefused, QuarantineError
from ..models import Scan
from ..scores import Assessment
from . import journal
from .names import fresh_name, quarantine_name
from .placeholder import placeholder_for
from .rows import Row

CHANGED = "The file is not the one that was scanned: its bytes have changed since."


@dataclass(frozen=True, kw_only=True)
class Held:
    """Where the bytes and the placeholder of a held upload are. ``token`` names its journal."""

    token: str
    name: str
    quarantine_name: str


def hold_upload(
    content: "File[Any]",
    *,
    name: str,
    storage: Storage,
    max_length: int | None,
    assessment: Assessment,
    facts: Mapping[str, Any],
) -> Held:
    """Keep an upload that was never stored out of ``storage`` and save a placeholder there.

    ``name`` is what the host would have stored it under. ``facts`` is what the journal needs to
    record the scan if this process dies before the host's row is committed. The caller removes
    the entry once it is. Raises ``QuarantineError`` where the quarantine cannot take the bytes;
    then nothing was stored anywhere a visitor could see.
    """
    token = uuid.uuid4().hex
    placeholder, extension = placeholder_for(assessment, posixpath.splitext(name)[1])
    wanted = {
        "op": "upload",
        "name": fresh_name(name, extension=extension, max_length=max_length),
        "quarantine_name": quarantine_name(token),
        **facts,
    }
    journal.write(token, wanted)
    in_quarantine = put(wanted["quarantine_name"], content)
    public = storage.save(wanted["name"], placeholder, max_length=max_length)
    settle_names(token, wanted, name=public, quarantine_name=in_quarantine)
    return Held(token=token, name=public, quarantine_name=in_quarantine)


def take_down(
    scan: Scan, row: Row, *, to: "Scan.Status", decision: Mapping[str, Any] | None = None
) -> None:
    """Move a file that is public into quarantine and change the scan to ``to``.

    ``decision`` is what the journal keeps of the moderator's decision behind it.

    Runs in the caller's transaction; what is left of the public file is deleted when that
    commits. Raises ``DecisionRefused`` where the file is not the one that was scanned, or where
    somebody else was faster.
    """
    token = uuid.uuid4().hex
    public, storage = scan.name, row.storage
    placeholder, extension = placeholder_for(scan.assessment, posixpath.splitext(public)[1])
    facts: dict[str, Any] = {
        "op": "take_down",
        "scan": scan.pk,
        "public": public,
        "name": fresh_name(public, extension=extension, max_length=row.max_length),
        "quarantine_name": quarantine_name(token),
        "sha256": scan.sha256,
        "field": scan.field,
        "object_db": scan.object_db,
        "to": to.value,
        "decision": decision,
    }
    journal.write(token, facts)
    try:
        try:
            with storage.open(public) as file:
                in_quarantine = put(facts["quarantine_name"], file, sha256=scan.sha256)
        except FileNotFoundError as error:
            raise DecisionRefused(f"The file {public!r} is missing.", code="missing") from error
        shown = storage.save(facts["name"], placeholder, max_length=row.max_length)
        settle_names(token, facts, name=shown, quarantine_name=in_quarantine)
        if not scan.move(to, name=shown, quarantine_name=in_quarantine):
            raise DecisionRefused("Somebody else settled it meanwhile.", code="settled")
        if not row.rename(public, shown):
            raise DecisionRefused("The object has another file now.", code="superseded")
    except DecisionRefused:
        undo_take_down(facts, storage)
        journal.remove(token)
        raise
    transaction.on_commit(
        lambda: finish_take_down(token, facts, storage), using=scan._state.db, robust=True
    )


def finish_take_down(token: str, facts: Mapping[str, Any], storage: Storage) -> None:
    storage.delete(facts["public"])
    journal.remove(token)


def undo_take_down(facts: Mapping[str, Any], storage: Storage) -> None:
    """The public file stayed where it was; its copy and its placeholder are not needed."""
    storage.delete(facts["name"])
    journal.quarantine_storage().delete(facts["quarantine_name"])


def put(name: str, content: Body, *, sha256: str | None = None) -> str:
    """Save into quarantine, check against ``sha256`` where given, and return the name."""
    storage = journal.quarantine_storage()
    try:
        saved = storage.save(name, content if isinstance(content, File) else File(content))
    except Exception as error:
        raise QuarantineError(f"The quarantine cannot take the file: {error}") from error
    if sha256 is not None:
        with storage.open(saved) as copy:
            found, _ = digest(copy)
        if found != sha256:
            storage.delete(saved)
            raise DecisionRefused(CHANGED, code="changed")
    return saved


def settle_names(token: str, facts: dict[str, Any], **names: str) -> None:
    """A storage may choose other names than it was asked for; the journal follows."""
    if any(facts[key] != name for key, name in names.items()):
        facts.update(names)
        journal.rewrite(token, facts)
