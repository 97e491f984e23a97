"""Finds what a crash left behind in the middle of a movement, and mends it."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.core.files.storage import Storage
from django.db import connections, router, transaction
from django.utils import timezone

from .assessment import digest
from .exceptions import DecisionRefused
from .models import Decision, Scan
from .quarantine import journal
from .quarantine.hold import finish_take_down, undo_take_down
from .quarantine.release import finish_release, undo_release
from .quarantine.rows import Row, file_field
from .scores import Assessment

logger = logging.getLogger(__name__)

GRACE = timedelta(hours=1)
"""Age from which a movement is taken for broken: longer than any upload's transaction lasts."""


class Finding(StrEnum):
    """What was found. Its value is the word the command prints."""

    SETTLED = "settled"
    RECORDED = "recorded"
    KEPT = "kept"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    UNDONE = "undone"
    UNREADABLE = "unreadable entry"
    UNKNOWN = "not understood"
    MISSING = "bytes missing"
    SUPERSEDED = "superseded"
    OBJECT_GONE = "object gone"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Mended:
    """One thing that was found: where, what it was, and whether a person must look."""

    finding: Finding
    subject: str
    detail: str

    @property
    def needs_person(self) -> bool:
        return self.finding in (Finding.MISSING, Finding.UNKNOWN, Finding.FAILED)


def sweep(
    *, older_than: timedelta = GRACE, verify: bool = False, dry_run: bool = False
) -> Iterator[Mended]:
    """Mend every movement that began longer than ``older_than`` ago and did not end.

    ``verify`` also asks, for every scan that waits behind a placeholder, whether its bytes and
    its object are still there. ``dry_run`` changes nothing and yields the same.
    """
    before = timezone.now() - older_than
    for entry in journal.entries():
        written = entry.written
        if timezone.is_naive(written):
            written = timezone.make_aware(written)
        if written > before:
            continue
        try:
            yield _mend(entry, dry_run)
        except Exception as error:
            logger.exception("The journal entry %s could not be mended", entry.token)
            yield Mended(
                finding=Finding.FAILED,
                subject=entry.token,
                detail=f"{type(error).__name__}: {error}. Nothing was deleted; sweep again.",
            )
    if verify:
        yield from _verify(dry_run)


def _mend(entry: journal.Entry, dry_run: bool) -> Mended:
    token, facts = entry.token, entry.facts
    if facts is None:
        if not dry_run:
            journal.remove(token)
        return Mended(
            finding=Finding.UNREADABLE,
            subject=token,
            detail="the entry itself was cut off, so no file had moved yet",
        )
    mend = {"upload": _upload, "release": _release, "take_down": _take_down}.get(
        str(facts.get("op"))
    )
    if mend is None:
        return Mended(
            finding=Finding.UNKNOWN,
            subject=token,
            detail=f"written by another version of this app: {facts.get('op')!r}",
        )
    return mend(token, facts, dry_run)


def _upload(token: str, facts: Mapping[str, Any], dry_run: bool) -> Mended:
    db = router.db_for_write(Scan)
    if Scan.objects.using(db).filter(token=token).exists():
        if not dry_run:
            journal.remove(token)
        return _mended(Finding.SETTLED, facts, "its scan is recorded")
    quarantine = journal.quarantine_storage()
    field = file_field(facts["field"])
    owner = _owner(field, facts["name"])
    if owner is None and not _whole(quarantine, facts):
        if not dry_run:
            _delete(quarantine, facts["quarantine_name"])
            _delete(field.storage, facts["name"])
            journal.remove(token)
        return _mended(
            Finding.INTERRUPTED, facts, "the upload was cut off and its sender was told so"
        )
    if not dry_run:
        scan = _scan_from(token, facts, owner)
        scan.save(using=db, force_insert=True)
        if owner is None:
            _delete(field.storage, facts["name"])
        journal.remove(token)
    if owner is None:
        return _mended(Finding.KEPT, facts, "no object was saved; the bytes stay in quarantine")
    return _mended(Finding.RECORDED, facts, f"object {owner[1]} waits in the queue again")


def _release(token: str, facts: Mapping[str, Any], dry_run: bool) -> Mended:
    scan, named = _scan_and_row(facts)
    storage = file_field(facts["field"]).storage
    if named == facts["name"] or (scan is not None and scan.name == facts["name"]):
        if not dry_run:
            _catch_up(scan, facts, name=facts["name"], quarantine_name="")
            finish_release(token, facts, storage)
        return _mended(Finding.FINISHED, facts, "the original stands in its place")
    if not dry_run:
        undo_release(facts, storage)
        journal.remove(token)
    return _mended(Finding.UNDONE, facts, "it is still held")


def _take_down(token: str, facts: Mapping[str, Any], dry_run: bool) -> Mended:
    scan, named = _scan_and_row(facts)
    storage = file_field(facts["field"]).storage
    if named == facts["name"] or (scan is not None and scan.name == facts["name"]):
        if not dry_run:
            _catch_up(scan, facts, name=facts["name"], quarantine_name=facts["quarantine_name"])
            finish_take_down(token, facts, storage)
        return _mended(Finding.FINISHED, facts, "the placeholder stands in its place")
    if not dry_run:
        undo_take_down(facts, storage)
        journal.remove(token)
    return _mended(Finding.UNDONE, facts, "it is still public; decide again")


def _catch_up(scan: Scan | None, facts: Mapping[str, Any], **changes: Any) -> None:
    """The host's row moved and the scan did not: they are in two databases."""
    if scan is None or scan.name == facts["name"]:
        return
    db = router.db_for_write(Scan)
    with transaction.atomic(using=db):
        if facts["decision"]:
            decision = dict(facts["decision"])
            Decision(
                scan=scan, sha256=scan.sha256, moderator_id=decision.pop("moderator"), **decision
            ).save(using=db)
        scan.move(Scan.Status(facts["to"]), **changes)


def _verify(dry_run: bool) -> Iterator[Mended]:
    db = router.db_for_write(Scan)
    quarantine = journal.quarantine_storage()
    for scan in Scan.objects.using(db).filter(status=Scan.Status.HELD).iterator(chunk_size=500):
        subject = f"{scan.field} of {scan.object_pk}"
        try:
            named = Row.of(scan).name()
        except DecisionRefused as refused:
            yield Mended(finding=Finding.UNKNOWN, subject=subject, detail=str(refused))
            continue
        if not quarantine.exists(scan.quarantine_name):
            yield Mended(
                finding=Finding.MISSING,
                subject=subject,
                detail=f"{scan.quarantine_name} is not in the quarantine; restore it from backup",
            )
        elif named is None:
            if not dry_run:
                scan.move(Scan.Status.GONE)
            yield Mended(
                finding=Finding.OBJECT_GONE, subject=subject, detail="the bytes stay in quarantine"
            )
        elif named != scan.name:
            if not dry_run:
                scan.move(Scan.Status.SUPERSEDED)
            yield Mended(
                finding=Finding.SUPERSEDED, subject=subject, detail="the object has another file"
            )


def _scan_and_row(facts: Mapping[str, Any]) -> tuple[Scan | None, str | None]:
    scan = Scan.objects.using(router.db_for_write(Scan)).filter(pk=facts["scan"]).first()
    if scan is None:
        return None, None
    return scan, Row.of(scan).name()


def _owner(field: Any, name: str) -> tuple[str, str] | None:
    """Database and primary key of the row that names a placeholder. Names are never reused."""
    manager = field.model._base_manager
    for db in _databases(field.model):
        pk = manager.using(db).filter(**{field.attname: name}).values_list("pk", flat=True).first()
        if pk is not None:
            return db, str(pk)
    return None


def _databases(model: Any) -> Iterator[str]:
    for db in connections:
        if router.allow_migrate_model(db, model) and model._meta.db_table in (
            connections[db].introspection.table_names()
        ):
            yield db


def _scan_from(token: str, facts: Mapping[str, Any], owner: tuple[str, str] | None) -> Scan:
    scan = Scan(
        token=token,
        field=facts["field"],
        object_pk=owner[1] if owner else "",
        object_db=owner[0] if owner else "default",
        name=facts["name"],
        original_name=facts["original_name"],
        quarantine_name=facts["quarantine_name"],
        uploader_id=facts["uploader"],
        verdict=facts["verdict"],
        status=Scan.Status.HELD if owner else Scan.Status.GONE,
    )
    scan.take(Assessment.from_json(facts["assessment"]))
    return scan


def _whole(quarantine: Storage, facts: Mapping[str, Any]) -> bool:
    try:
        with quarantine.open(facts["quarantine_name"]) as file:
            found, _ = digest(file)
    except FileNotFoundError:
        return False
    return found == str(facts["sha256"])


def _delete(storage: Storage, name: str) -> None:
    if storage.exists(name):
        storage.delete(name)


def _mended(finding: Finding, facts: Mapping[str, Any], detail: str) -> Mended:
    subject = f"{facts['op']} of {facts['field']} ({facts['name']})"
    return Mended(finding=finding, subject=subject, detail=detail)
