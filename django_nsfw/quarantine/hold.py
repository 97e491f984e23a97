"""Bytes go into quarantine, a placeholder takes their place.

Both ways announce themselves in the journal first, and a reader of the field's storage sees the
original or the placeholder, never a mixture.
"""

import posixpath
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.core.files import File
from django.core.files.storage import Storage
from django.utils.translation import gettext, gettext_noop

from ..bodies import Body, digest
from ..exceptions import DecisionRefused, QuarantineError
from ..models import Scan
from ..scores import Assessment
from . import journal
from .faults import quarantine_cannot, storage_cannot
from .names import fresh_name, quarantine_name
from .placeholder import placeholder_for
from .replacing import tell_replaced
from .rows import Row, rename
from .witness import Witness

TOO_EARLY = (
    "The sweep took this upload for broken while its bytes were written. Send it again, and sweep "
    "with a longer --older-than."
)
CHANGED = gettext_noop("The file is not the one that was scanned: its bytes have changed since.")
MISSING = gettext_noop("The file %(name)r is missing.")


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
    if not journal.stands(token):
        # Its bytes may be recorded, about to be deleted, or deleted: the next sweep will see.
        journal.write(uuid.uuid4().hex, wanted | {"quarantine_name": in_quarantine})
        raise QuarantineError(TOO_EARLY)
    public = storage.save(wanted["name"], placeholder, max_length=max_length)
    journal.settle_names(token, wanted, name=public, quarantine_name=in_quarantine)
    return Held(token=token, name=public, quarantine_name=in_quarantine)


def take_down(
    scan: Scan,
    row: Row,
    *,
    to: "Scan.Status",
    decision: Mapping[str, Any] | None = None,
    source: "File[Any] | None" = None,
) -> None:
    """Move a file that is public into quarantine and change the scan to ``to``.

    ``decision`` is what the journal keeps of the moderator's decision behind it. ``source`` is the
    public file where the caller has it open, so that an object store sends it only once; it is
    closed when it is copied.

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

    def undo() -> None:
        """The public file stayed where it was; its copy and its placeholder are not needed."""
        storage.delete(facts["name"])
        journal.quarantine_storage().delete(facts["quarantine_name"])

    def finish() -> None:
        storage.delete(public)
        tell_replaced(
            field=scan.field, using=row.db, storage=storage, was=public, name=facts["name"]
        )

    with journal.movement(token, facts, finish=finish, undo=undo, using=scan._state.db):
        in_quarantine = _copy_in(scan, facts["quarantine_name"], storage, source)
        with storage_cannot("take the placeholder", field=scan.field):
            shown = storage.save(facts["name"], placeholder, max_length=row.max_length)
        journal.settle_names(token, facts, name=shown, quarantine_name=in_quarantine)
        rename(scan, row, to=to, name=shown, quarantine_name=in_quarantine)


def put(name: str, content: "File[Any]") -> str:
    """Save into quarantine under ``name``, or what the storage makes of it."""
    file: File[Any] = content if isinstance(content, Witness) else File(content, name=name)
    if hasattr(content, "temporary_file_path"):  # a storage on the same disk moves such a file
        file.temporary_file_path = content.temporary_file_path  # type: ignore[attr-defined]
    # Wrapped, it has no content type: that of the sender would make a picture of the object.
    try:
        with quarantine_cannot("take the file"):
            return journal.quarantine_storage().save(name, file)
    except FileNotFoundError as error:
        raise QuarantineError(f"The quarantine cannot take the file: {error}") from error


def _copy_in(scan: Scan, name: str, storage: Storage, source: "File[Any] | None") -> str:
    """Copy a public file into quarantine; what arrives there is what was scanned."""
    try:
        with storage_cannot("give the file", field=scan.field):
            file = storage.open(scan.name) if source is None else source
        with file:
            witness = Witness(file)
            witness.seek(0)
            saved = put(name, witness)
    except FileNotFoundError as error:
        raise DecisionRefused(gettext(MISSING) % {"name": scan.name}, code="missing") from error
    with quarantine_cannot("be read"):
        if not (witness.saw(scan.sha256, scan.size) and _size(saved) == scan.size):
            _compare(saved, scan.sha256)
    return saved


def _compare(saved: str, sha256: str) -> None:
    storage = journal.quarantine_storage()
    with storage.open(saved) as copy:
        found, _ = digest(cast("Body", copy))
    if found != sha256:
        storage.delete(saved)
        raise DecisionRefused(gettext(CHANGED), code="changed")


def _size(saved: str) -> int | None:
    """None where a storage does not say. One that encrypts may say another number."""
    try:
        return journal.quarantine_storage().size(saved)
    except NotImplementedError:
        return None
