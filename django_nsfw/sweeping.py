"""Finds what a crash left behind in the middle of a movement, and mends it."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, router, transaction
from django.db.models import Q
from django.utils import timezone

from . import pending, runners
from .abandoned import clear_away_placeholders
from .announcing import announce, announce_undo
from .findings import Finding, Mended
from .following import let_follow
from .leftovers import carry_out_orders
from .models import Claim, Decision, KnownImage, Scan
from .models.scan import NAME_LENGTH
from .quarantine import journal
from .quarantine.late import wait_for
from .quarantine.names import quarantine_name
from .quarantine.places import wherever
from .quarantine.remains import clear_away, delete, is_whole
from .quarantine.replacing import tell_replaced
from .quarantine.rows import Row, file_field, follow
from .rescans import enqueueing
from .scanning import is_recorded, user_in
from .scores import Assessment
from .signals import sweeping
from .verifying import verify_held

__all__ = ["GRACE", "Finding", "Mended", "sweep"]

logger = logging.getLogger(__name__)

GRACE = timedelta(hours=1)
"""Age from which a movement is taken for broken: longer than any upload's transaction lasts."""


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What a movement needs no more once it happened (``old``), and where it did not (``new``).

    The first of ``old`` is the file that the row named before.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    finished: str
    undone: str

    @property
    def to_quarantine(self) -> bool:
        return "quarantine_name" in self.new


MOVEMENTS = {
    "release": _Kind(
        old=("placeholder", "quarantine_name"),
        new=("name",),
        finished="the original stands in its place",
        undone="it is still held",
    ),
    "take_down": _Kind(
        old=("public",),
        new=("name", "quarantine_name"),
        finished="the placeholder stands in its place",
        undone="it is still public; decide again",
    ),
}


def sweep(
    *, older_than: timedelta = GRACE, verify: bool = False, dry_run: bool = False
) -> Iterator[Mended]:
    """Mend every movement and deletion that began longer than ``older_than`` ago and did not end.

    ``verify`` also asks, for every scan behind a placeholder, whether its bytes and
    its object are still there, and clears away the placeholders of uploads that were given up
    long ago. ``dry_run`` changes nothing and yields the same.
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
    yield from pending.catch_up(dry_run=dry_run)
    yield from enqueueing.catch_up(dry_run=dry_run)
    if not dry_run:
        Claim.objects.using(router.db_for_write(Claim)).expired().delete()
    yield from let_follow(before, dry_run=dry_run)
    yield from carry_out_orders(before, dry_run=dry_run)
    yield from _by_others(dry_run=dry_run)
    if verify:
        yield from verify_held(dry_run=dry_run)
        yield from clear_away_placeholders(dry_run=dry_run)


def _by_others(*, dry_run: bool) -> Iterator[Mended]:
    """What the receivers of ``sweeping`` mend."""
    for receiver, found in sweeping.send_robust(sender=Scan, dry_run=dry_run):
        try:
            if isinstance(found, Exception):
                raise found
            yield from found or ()
        except Exception as error:
            subject = f"{receiver.__module__}.{getattr(receiver, '__qualname__', '')}".rstrip(".")
            logger.exception("%s does not mend", subject)
            detail = f"{type(error).__name__}: {str(error).rstrip('.')}. Sweep again."
            yield Mended(finding=Finding.FAILED, subject=subject, detail=detail)


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
    if op == "upload":
        return _upload(token, facts, dry_run)
    kind = MOVEMENTS.get(str(op))
    if kind is None:
        return Mended(
            finding=Finding.UNKNOWN,
            subject=token,
            detail=f"written by another version of this app: {op!r}",
        )
    return _movement(kind, token, facts, dry_run)


def _upload(token: str, facts: Mapping[str, Any], dry_run: bool) -> Mended:
    db = router.db_for_write(Scan)
    same = Q(token=token) | Q(quarantine_name=facts["quarantine_name"])
    recorded = Scan.objects.using(db).filter(same).order_by("pk").first()
    if recorded is not None:
        if not dry_run:
            if recorded.status not in Scan.PAST:  # a host without a transaction died in between
                Scan.objects.using(db).filter(pk__lt=recorded.pk).supersede(recorded)
            journal.remove(token)
        return _mended(Finding.SETTLED, facts, "its scan is recorded")
    quarantine = journal.quarantine_storage()
    field = file_field(facts["field"])
    owner = Row.naming(field, facts["name"])
    if owner is None and not _arrived(token, facts, dry_run):
        if not dry_run:
            delete(quarantine, facts["quarantine_name"])
            delete(wherever(field), facts["name"])
            journal.remove(token)
        return _mended(
            Finding.INTERRUPTED, facts, "the upload was cut off and its sender was told so"
        )
    if not dry_run:
        scan = _scan_from(token, facts, owner, db)
        try:
            with transaction.atomic(using=db):
                scan.save(using=db, force_insert=True)
                announce(scan, was=None)
                if scan.status == Scan.Status.PENDING:
                    runners.score_on_commit(scan.pk, using=db)
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


def _arrived(token: str, facts: Mapping[str, Any], dry_run: bool) -> bool:
    """Whether the bytes are whole. Who may still be writing them gives up, or is ready by now."""
    if is_whole(facts):
        return True
    if dry_run:
        return False
    journal.take_over(token, facts)
    return is_whole(facts)


def _movement(kind: _Kind, token: str, facts: Mapping[str, Any], dry_run: bool) -> Mended:
    """Scan or row say whether it happened; what the state that they say does not need goes."""
    before = kind.old[0]
    scan, named = _scan_and_row(facts)
    field = file_field(facts["field"])
    storage = wherever(field) if scan is None else Row.of(scan).storage
    if named and not storage.exists(named):
        return _unseen(facts, named)
    if named == facts["name"] or (scan is not None and scan.name == facts["name"]):
        finding, detail, remains = Finding.FINISHED, kind.finished, kind.old
    elif scan is None or facts[before] in (scan.name, named):
        if kind.to_quarantine and not named and not storage.exists(facts[before]):
            return _unseen(facts, facts[before])
        finding, detail, remains = Finding.UNDONE, kind.undone, kind.new
    else:
        finding, detail = Finding.SETTLED, "decided otherwise since"
        remains = kind.old + kind.new
    if not dry_run:
        if finding is Finding.FINISHED:
            bytes_in = facts["quarantine_name"] if kind.to_quarantine else ""
            _catch_up(scan, facts, before=facts[before], bytes_in=bytes_in)
        clear_away(field, storage, facts, *remains)
        if finding is not Finding.UNDONE:
            tell_replaced(
                field=facts["field"],
                using=facts["object_db"],
                storage=storage,
                was=facts[before],
                name=named or facts["name"],
            )
        journal.remove(token)
    return _mended(finding, facts, detail)


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
    made = None
    with transaction.atomic(using=db):
        if facts["decision"]:
            decision = dict(facts["decision"])
            moderator = user_in(db, decision.pop("moderator"))
            made = Decision(scan=scan, sha256=scan.sha256, moderator_id=moderator, **decision)
            made.save(using=db)
            if made.inherited_from_id is None:
                KnownImage.objects.using(db).remember(made, scan)
        was = scan.status
        scan.move(Scan.Status(facts["to"]), name=facts["name"], quarantine_name=bytes_in)
        announce(scan, was=was, decision=made)
        if made is not None and made.action == Decision.Action.UNDO:
            announce_undo(scan, made)
        for other, stood in follow(scan, before=before):
            announce(other, was=stood, decision=made)


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
    if owner and facts.get("pending"):
        scan.status = Scan.Status.PENDING
    known = facts.get("known") and KnownImage.objects.using(db).filter(pk=facts["known"]).first()
    if known:
        scan.known, scan.known_distance = known, facts["known_distance"]
        if owner and facts["settled"] and known.outcome == KnownImage.Outcome.REJECT:
            scan.status = Scan.Status.REJECTED
    return scan


def _mended(finding: Finding, facts: Mapping[str, Any], detail: str) -> Mended:
    subject = f"{facts['op']} of {facts['field']} ({facts['name']})"
    return Mended(finding=finding, subject=subject, detail=detail)
