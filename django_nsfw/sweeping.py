"""Finds what a crash left behind in the middle of a movement, and mends it."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, router, transaction
from django.utils import timezone

from .exceptions import DecisionRefused
from .findings import Finding, Mended
from .following import let_follow
from .leftovers import carry_out_orders
from .models import Decision, KnownImage, Scan
from .models.scan import NAME_LENGTH
from .quarantine import journal
from .quarantine.faults import quarantine_cannot
from .quarantine.late import adopt, late_rows, wait_for
from .quarantine.names import quarantine_name
from .quarantine.remains import clear_away, delete, delete_unnamed, is_whole
from .quarantine.rows import Row, file_field, follow
from .scanning import is_recorded, user_in
from .scores import Assessment

__all__ = ["GRACE", "Finding", "Mended", "sweep"]

logger = logging.getLogger(__name__)

GRACE = timedelta(hours=1)
"""Age from which a movement is taken for broken: longer than any upload's transaction lasts."""


def sweep(
    *, older_than: timedelta = GRACE, verify: bool = False, dry_run: bool = False
) -> Iterator[Mended]:
    """Mend every movement and deletion that began longer than ``older_than`` ago and did not end.

    ``verify`` also asks, for every scan behind a placeholder, whether its bytes and
    its object are still there. ``dry_run`` changes nothing and yields the same.
    """
    before = timezone.now() - older_than
    for entry in journal.entries():
        if _aware(entry.written) > _aware(before):
            continue
        try:
            yield _mend(entry, dry_run)
        except Exception as error:
            logger.exception("The journal entry %s could not be mended", entry.token)
            yield Mended(
                finding=Finding.FAILED,
                subject=entry.token,
                detail=f"{type(error).__name__}: {str(error).rstrip('.')}. "
                "Nothing was deleted; sweep again.",
            )
    yield from let_follow(before, dry_run=dry_run)
    yield from carry_out_orders(before, dry_run=dry_run)
    if verify:
        yield from _verify(dry_run)


def _aware(time: datetime) -> datetime:
    """Storages follow USE_TZ, or do not."""
    return timezone.make_aware(time) if timezone.is_naive(time) else time


def _mend(entry: journal.Entry, dry_run: bool) -> Mended:
    token, facts = entry.token, entry.facts
    if facts is None:
        if journal.quarantine_storage().exists(quarantine_name(token)):
            return Mended(
                finding=Finding.UNKNOWN,
                subject=token,
                detail=f"the entry was damaged; its bytes are in {quarantine_name(token)}",
            )
        if not dry_run:
            journal.remove(token)
        return Mended(
            finding=Finding.UNREADABLE,
            subject=token,
            detail="the entry itself was cut off, so no file had moved yet",
        )
    op = facts.get("op") if isinstance(facts, dict) else facts
    mend = {"upload": _upload, "release": _release, "take_down": _take_down}.get(str(op))
    if mend is None:
        return Mended(
            finding=Finding.UNKNOWN,
            subject=token,
            detail=f"written by another version of this app: {op!r}",
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
    owner = Row.naming(field, facts["name"])
    if owner is None and not is_whole(facts):
        if not dry_run:
            delete(quarantine, facts["quarantine_name"])
            delete(field.storage, facts["name"])
            journal.remove(token)
        return _mended(
            Finding.INTERRUPTED, facts, "the upload was cut off and its sender was told so"
        )
    if not dry_run:
        scan = _scan_from(token, facts, owner, db)
        try:
            with transaction.atomic(using=db):
                scan.save(using=db, force_insert=True)
                if owner is not None:
                    Scan.objects.using(db).supersede(scan)
        except IntegrityError:  # its own transaction was still open, and has committed now
            if not is_recorded(token, db):
                raise
            journal.remove(token)
            return _mended(Finding.SETTLED, facts, "its scan is recorded")
        journal.remove(token)  # the placeholder stays: a late commit may name it yet
    if owner is None:
        return _mended(Finding.KEPT, facts, "no object was saved; the bytes stay in quarantine")
    return _mended(Finding.RECORDED, facts, f"object {owner.pk} waits in the queue again")


def _release(token: str, facts: Mapping[str, Any], dry_run: bool) -> Mended:
    scan, named = _scan_and_row(facts)
    field = file_field(facts["field"])
    if named and not field.storage.exists(named):
        return _unseen(facts, named)
    if _moved(scan, named, facts):
        if not dry_run:
            _catch_up(scan, facts, before=facts["placeholder"], bytes_in="")
            clear_away(field, facts, "placeholder")
            journal.remove(token)
        return _mended(Finding.FINISHED, facts, "the original stands in its place")
    if scan is None or facts["placeholder"] in (scan.name, named):
        if not dry_run:
            delete_unnamed(field, facts["name"])
            journal.remove(token)
        return _mended(Finding.UNDONE, facts, "it is still held")
    if not dry_run:
        clear_away(field, facts, "placeholder", "name")
        journal.remove(token)
    return _mended(Finding.SETTLED, facts, "decided otherwise since")


def _take_down(token: str, facts: Mapping[str, Any], dry_run: bool) -> Mended:
    scan, named = _scan_and_row(facts)
    field = file_field(facts["field"])
    if named and not field.storage.exists(named):
        return _unseen(facts, named)
    if _moved(scan, named, facts):
        if not dry_run:
            _catch_up(scan, facts, before=facts["public"], bytes_in=facts["quarantine_name"])
            delete_unnamed(field, facts["public"])
            journal.remove(token)
        return _mended(Finding.FINISHED, facts, "the placeholder stands in its place")
    if scan is None or facts["public"] in (scan.name, named):
        if not named and not field.storage.exists(facts["public"]):
            return _unseen(facts, facts["public"])
        if not dry_run:
            clear_away(field, facts, "name")
            journal.remove(token)
        return _mended(Finding.UNDONE, facts, "it is still public; decide again")
    if not dry_run:
        clear_away(field, facts, "public", "name")
        journal.remove(token)
    return _mended(Finding.SETTLED, facts, "decided otherwise since")


def _moved(scan: Scan | None, named: str | None, facts: Mapping[str, Any]) -> bool:
    return named == facts["name"] or (scan is not None and scan.name == facts["name"])


def _unseen(facts: Mapping[str, Any], name: str) -> Mended:
    return _mended(
        Finding.MISSING,
        facts,
        f"{name} is not in the storage of the field; nothing was deleted, and the quarantine may "
        "have the only copy",
    )


def _catch_up(scan: Scan | None, facts: Mapping[str, Any], *, before: str, bytes_in: str) -> None:
    """The host's row moved and the scan did not: they are in two databases."""
    if scan is None or scan.name == facts["name"]:
        return
    db = router.db_for_write(Scan)
    with transaction.atomic(using=db):
        if facts["decision"]:
            decision = dict(facts["decision"])
            moderator = user_in(db, decision.pop("moderator"))
            made = Decision(scan=scan, sha256=scan.sha256, moderator_id=moderator, **decision)
            made.save(using=db)
            if made.inherited_from_id is None:
                KnownImage.objects.using(db).learn(made, scan)
        scan.move(Scan.Status(facts["to"]), name=facts["name"], quarantine_name=bytes_in)
        list(follow(scan, before=before))


def _verify(dry_run: bool) -> Iterator[Mended]:
    db = router.db_for_write(Scan)
    quarantine = journal.quarantine_storage()
    hidden = Scan.objects.using(db).filter(status__in=Scan.HIDDEN, discard_at=None)
    behind_placeholders = hidden.exclude(quarantine_name="", pruned_at=None)
    for scan in behind_placeholders.iterator(chunk_size=500):
        subject = f"{scan.field} of {scan.object_pk}"
        try:
            named = Row.of(scan).name()
        except DecisionRefused as refused:
            yield Mended(finding=Finding.UNKNOWN, subject=subject, detail=str(refused))
            continue
        with quarantine_cannot("be read"):
            there = scan.pruned_at or quarantine.exists(scan.quarantine_name)
        if not there:
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
    for scan, row in late_rows(db):
        if not dry_run:
            scan.object_pk, scan.object_db = row.pk, row.db
            adopt(scan, db)
        yield Mended(
            finding=Finding.RECORDED,
            subject=f"{scan.field} of {row.pk}",
            detail="its transaction was open for longer than the sweep waited; it is in the queue",
        )


def _scan_and_row(facts: Mapping[str, Any]) -> tuple[Scan | None, str | None]:
    db = router.db_for_write(Scan)
    wait_for(facts["scan"], db)
    scan = Scan.objects.using(db).filter(pk=facts["scan"]).first()
    if scan is None:
        return None, None
    return scan, Row.of(scan).name()


def _scan_from(token: str, facts: Mapping[str, Any], owner: Row | None, db: str) -> Scan:
    scan = Scan(
        token=token,
        field=facts["field"],
        object_pk=owner.pk if owner else "",
        object_db=owner.db if owner else "default",
        name=facts["name"][:NAME_LENGTH],
        original_name=facts["original_name"][:NAME_LENGTH],
        quarantine_name=facts["quarantine_name"],
        uploader_id=user_in(db, facts["uploader"]),
        verdict=facts["verdict"],
        status=Scan.Status.HELD if owner else Scan.Status.GONE,
    )
    scan.take(Assessment.from_json(facts["assessment"]))
    known = facts.get("known") and KnownImage.objects.using(db).filter(pk=facts["known"]).first()
    if known:
        scan.known, scan.known_distance = known, facts["known_distance"]
        if owner and facts["settled"] and known.outcome == KnownImage.Outcome.REJECT:
            scan.status = Scan.Status.REJECTED
    return scan


def _mended(finding: Finding, facts: Mapping[str, Any], detail: str) -> Mended:
    subject = f"{facts['op']} of {facts['field']} ({facts['name']})"
    return Mended(finding=finding, subject=subject, detail=detail)
