"""A file that is stored already → its scan: what came by other ways than an upload."""

import logging
import posixpath
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.core.files import File
from django.db import models, router, transaction
from django.utils import timezone
from django.utils.translation import gettext

from . import runners
from .announcing import announce
from .bodies import digest
from .exceptions import DecisionRefused
from .models import Scan
from .models.keys import field_label, object_pk
from .models.quality import drawn
from .models.scan import NAME_LENGTH
from .policy import Action
from .quarantine.late import adopt
from .quarantine.locks import lock_row, lock_unchanged
from .quarantine.rows import SETTLED, Row
from .registry import WatchedField, registry
from .runners import score_on_commit
from .scanning import Examination, examine, status_of, uploader_id, user_in
from .settling import go
from .shadow import drawing

logger = logging.getLogger(__name__)

FASTER = ("settled", "superseded")
"""Codes of a refusal: somebody else has scanned or decided, or has stored another file."""

ATTEMPTS = 3
"""Looks at a file, while others are faster each time."""

Record = tuple[int, str]
"""Key and status of a scan."""


def record_named(instance: models.Model, watched: WatchedField, *, using: str) -> None:
    """A new object names a file that was stored by other means: look at it once it is committed.

    Nothing that goes wrong here reaches the host; a rescan finds what has no scan.
    """
    row = Row(watched.field, object_pk(instance, watched.field), using)
    if watched.field.attname not in vars(instance) or not getattr(instance, watched.field.attname):
        return
    transaction.on_commit(lambda: _scan_quietly(row), using=using, robust=True)


def record_moved(row: Row, *, before: str, after: str) -> None:
    """A host has moved or copied the file of an object: what the row names now, ``after``, was made
    of ``before``, be it the file itself or a placeholder. Its scan goes along.

    In the transaction of the row. A file that is not what the scan says is looked at: a moderator
    may have been faster, and the host did not know.
    """
    db = router.db_for_write(Scan)
    named = Scan.objects.using(db).current()
    named = named.filter(field=field_label(row.field), object_db=row.db, name=before)
    own = named.filter(object_pk=row.pk)
    scan = own.first() or named.filter(status__in=Scan.HIDDEN).first()
    if scan is None or _is_shown(scan, row, after) is (scan.status in Scan.HIDDEN):
        transaction.on_commit(lambda: _scan_quietly(row), using=row.db, robust=True)
        return
    # Where it is released, it is next to where it is now, and not under the name of a placeholder.
    wanted = posixpath.join(posixpath.dirname(after), posixpath.basename(scan.original_name))
    changes = {"name": after[:NAME_LENGTH], "original_name": wanted[:NAME_LENGTH]}
    if scan.object_pk == row.pk:
        go_along: Callable[[], Any] = partial(own.update, **changes)
    else:  # a copy, in the transaction in which it was made
        go_along = partial(_share, scan, row, db, **changes)
    if db == row.db:
        go_along()
    else:
        transaction.on_commit(go_along, using=row.db, robust=True)


def _is_shown(scan: Scan, row: Row, name: str) -> bool | None:
    """Whether the very bytes of ``scan`` are in the storage of its field, under ``name``. None
    where that does not answer, which is no reason for the host's save to fail."""
    try:
        with row.storage.open(name) as file:
            found, _ = digest(file)
    except Exception:
        logger.exception("%r was moved, and cannot be read", name)
        return None
    return bool(found == scan.sha256)


def scan_stored(row: Row, *, scores: bool = True, again: bool = True) -> Scan | None:
    """Scan the file that a row names now, in its storage; hold it where the policy says so.

    Without ``scores`` a background worker does that, and until then it is kept or held by policy.
    Without ``again`` the scan that there is of these very bytes stays as it is, but for one of
    what could not be held: that is tried again.

    A placeholder is not scanned: what it stands for waits already, or waits again where its own
    object is gone. A copied object names the file of another one and shares its standing. None
    where there is no row, no file, or nothing behind the placeholder any more. Raises what the
    storage raises; a file that cannot be held then is flagged and waits in the queue.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _scan(row, scores, again)
        except DecisionRefused as refused:
            if refused.code not in FASTER:
                raise
            again = False  # what they found stands, where it is of the bytes that are there now
    return _scan(row, scores, again)


@dataclass(frozen=True, kw_only=True)
class _Stood:
    """What a row and its scans said before its file was opened.

    ``known``: the current scan of that file, be it of another object. ``newest``: what was on
    record of this one.
    """

    row: Row
    watched: WatchedField
    instance: models.Model
    name: str
    db: str
    known: Scan | None
    newest: Record | None


def _scan(row: Row, scores: bool, again: bool) -> Scan | None:
    name = row.name()
    watched = registry.get(row.field)
    instance = row.rows.first()
    if not name or instance is None or watched is None:
        return None
    db = router.db_for_write(Scan)
    newest = _newest(row, watched, db)
    named = Scan.objects.using(db).filter(field=watched.label, name=name).order_by("-pk")
    known = named.current().filter(object_db=row.db).first()
    if known is not None and known.status in Scan.HIDDEN:
        return known if known.object_pk == row.pk else _share(known, row, db)
    if known is None and (past := named.behind_placeholder().first()) is not None:
        return None if past.bytes_discarded else _take_up(past, row, db)
    stood = _Stood(
        row=row, watched=watched, instance=instance, name=name, db=db, known=known, newest=newest
    )
    try:
        file = row.storage.open(name)
    except FileNotFoundError:
        return None
    with file:
        if not again and known is not None and known.object_pk == row.pk:
            same = digest(file) == (known.sha256, known.size)
            if same and known.status != Scan.Status.FLAGGED:
                return known
            file.seek(0)
        return _scan_open(file, stood, scores=scores, again=again)


def _scan_open(file: "File[Any]", stood: _Stood, *, scores: bool, again: bool) -> Scan | None:
    """``file`` stays open from the score to the hold: an object store sends it only once."""
    row, watched, db, known = stood.row, stood.watched, stood.db, stood.known
    found = examine(
        file,
        name=stood.name,
        options=watched.options,
        instance=stood.instance,
        field_name=row.field.name,
        scores=scores,
    )
    same = known is not None and known.sha256 == found.assessment.sha256
    if known is not None and same and known.object_pk != row.pk:
        return _share(known, row, db)
    if same and not again and found.action is not Action.HOLD:
        return known
    uploader = uploader_id(stood.instance, found.policy.uploader)
    scan = Scan(
        field=watched.label,
        object_pk=row.pk,
        object_db=row.db,
        name=stood.name,
        original_name=stood.name,
        uploader_id=user_in(db, uploader, certain=db == row.db),
        verdict=found.verdict,
        status=_public_status(found),
    )
    scan.take(found.assessment)
    scan.recognise(found.match)
    scan.sampled_at = drawn(scan, Scan.Status(scan.status))
    shadow = drawing.drawn(scan, found.policy.detector)
    with transaction.atomic(using=row.db), transaction.atomic(using=db):
        if lock_row(row, db) != stood.name or _newest(row, watched, db) != stood.newest:
            raise DecisionRefused(gettext(SETTLED), code="settled")
        scan.save(using=db, force_insert=True)
        Scan.objects.using(db).supersede(scan)
        if shadow is not None:
            drawing.write(shadow, scan, db)
        if found.pending:
            score_on_commit(scan.pk, using=db)
    if found.action is Action.HOLD:
        # On its own: where this fails or dies, the scan is there and somebody will look.
        with transaction.atomic(using=db), transaction.atomic(using=row.db):
            lock_unchanged(scan, row)
            go(scan, row, status_of(found), source=file)
    return scan


def _newest(row: Row, watched: WatchedField, db: str) -> Record | None:
    """What is on record of the object: another scan, or another status of it, is of somebody who
    was faster."""
    scans = Scan.objects.using(db)
    scans = scans.filter(field=watched.label, object_pk=row.pk, object_db=row.db)
    return scans.order_by("-pk").values_list("pk", "status").first()


def _public_status(found: Examination) -> "Scan.Status":
    """Where the scan of a public file stands until it is held."""
    if found.action is not Action.HOLD:
        return status_of(found)
    return Scan.Status.UNSCORED if found.pending else Scan.Status.FLAGGED


def _share(known: Scan, row: Row, db: str, **changes: Any) -> Scan:
    """Another object names the very file of ``known``."""
    scan = Scan.objects.using(db).get(pk=known.pk)
    for attribute, value in changes.items():
        setattr(scan, attribute, value)
    scan.pk, scan.token, scan.object_pk = None, uuid.uuid4(), row.pk
    scan.created_at, scan.escalated_at, scan.sampled_at = timezone.now(), None, None
    with transaction.atomic(using=db):
        scan.save(using=db, force_insert=True)
        Scan.objects.using(db).supersede(scan)
        announce(scan, was=None)
    return scan


def _take_up(past: Scan, row: Row, db: str) -> Scan:
    """A row names the placeholder of a file whose own object is gone, or has another one."""
    if past.object_pk:
        return _share(past, row, db, status=Scan.Status.HELD, settled_at=None, object_db=row.db)
    past.object_pk, past.object_db = row.pk, row.db  # it never had one
    with transaction.atomic(using=db):
        adopted = adopt(past, db)
        scan = Scan.objects.using(db).get(pk=past.pk)
        if adopted:
            announce(scan, was=None)
    return scan


def _scan_quietly(row: Row) -> None:
    try:
        scan_stored(row, scores=not runners.current().background)
    except Exception:
        logger.exception("%s of %s was not scanned", row.field, row.pk)
