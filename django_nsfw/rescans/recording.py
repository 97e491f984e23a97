"""What a rescan found → scans, many at a time; and files moved, one at a time."""

import logging
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.files import File
from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from ..announcing import announce
from ..exceptions import FILE_FAULTS, DecisionRefused, ImageTooLarge
from ..models import Scan
from ..models.quality import drawn
from ..models.scan import NAME_LENGTH
from ..scanning import Examination, status_of
from ..settling import BY_SCORE, settle
from .candidates import Candidate
from .reading import Fetched
from .selection import known_among
from .targets import Target

logger = logging.getLogger(__name__)

COLUMNS = (*Scan.ASSESSED, "verdict", "known", "known_distance")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A candidate and what its policy makes of it. ``fetched``: where its bytes are still there."""

    candidate: Candidate
    found: Examination
    fetched: Fetched | None = None

    @property
    def same_bytes(self) -> bool:
        scan = self.candidate.scan
        return scan is not None and scan.sha256 == self.found.assessment.sha256

    @property
    def detector_failed(self) -> bool:
        failure = self.found.assessment.failure
        return failure is not None and failure.code not in FILE_FAULTS and not self.found.settled

    @property
    def to(self) -> "Scan.Status":
        """Where the file stands afterwards. What a decision has settled stays."""
        scan = self.candidate.scan
        if scan is not None and self.same_bytes and scan.status not in BY_SCORE:
            return Scan.Status(scan.status)
        return status_of(self.found)

    @property
    def stays(self) -> bool:
        """A failing detector changes nothing of what stands there; a new file it leaves unknown."""
        return self.detector_failed and self.candidate.scan is not None and self.same_bytes


@contextmanager
def together(target: Target, db: str) -> Iterator[None]:
    """The transactions in which ``record`` writes scans and sees that they are the first.

    The objects' own is the outer one, so that their locks outlast the commit of the scans. It
    begins with a write: SQLite has one lock for all, and who read before may not get it.
    """
    with transaction.atomic(using=target.db), transaction.atomic(using=db, savepoint=False):
        if not connections[db].features.has_select_for_update:
            Scan.objects.using(db).filter(pk=0).update(status=F("status"))
        yield


Trouble = tuple[str, str, str, str]
"""Kind, object, file name, reason."""


def record(judged: Sequence[Judged], target: Target, db: str) -> "Recorded":
    """Write what needs no file to move. Within ``together``.

    What is to be held is recorded as flagged first, so that somebody looks at it where moving it
    fails or dies.
    """
    out = Recorded()
    attname = target.watched.field.attname
    fresh = [each for each in judged if each.candidate.scan is None]
    # Somebody else may be at the same files: the second one waits here, and finds their scans.
    _lock([each.candidate.pk for each in fresh], target)
    pks = [each.candidate.pk for each in judged]
    named = dict(target.rows.filter(pk__in=pks).values_list("pk", attname)) if pks else {}
    taken = known_among({each.candidate.name for each in fresh}, target, db) if fresh else {}
    created: list[Scan] = []
    updated: list[Scan] = []
    replaced: list[int] = []
    for each in judged:
        candidate, scan = each.candidate, each.candidate.scan
        if named.get(candidate.pk) != candidate.name or (scan is None and candidate.name in taken):
            out.counts["changed"] += 1
            out.changed.append(each)
            continue
        out.counts[each.to] += 1
        if scan is not None and each.same_bytes:
            if each.to != scan.status:
                out.to_settle.append((scan, each))
            else:
                _update(scan, each.found)
                updated.append(scan)
        else:
            if scan is not None:
                replaced.append(scan.pk)
            scan = _new(each, target)
            created.append(scan)
            if each.to != scan.status:
                out.to_settle.append((scan, each))
        if candidate.shared and each.same_bytes:
            created.append(_shared(scan, candidate))
    scans = Scan.objects.using(db)
    for scan in scans.bulk_create(created):
        announce(scan, was=None)
    _overwrite(updated, db)
    if replaced:
        now = timezone.now()
        scans.current().filter(pk__in=replaced).update(
            status=Scan.Status.SUPERSEDED, settled_at=now
        )
    return out


def _lock(pks: Sequence[Any], target: Target) -> None:
    if pks and connections[target.db].features.has_select_for_update:
        list(target.rows.filter(pk__in=pks).order_by("pk").select_for_update().values_list("pk"))


def _overwrite(updated: Sequence[Scan], db: str) -> None:
    """Write the new scores over the old ones, and nothing else.

    Of what somebody settled meanwhile, too: a score is about the bytes. An upsert, because
    ``bulk_update`` takes ten times as long; the rows are locked first, so that none comes back
    that was deleted meanwhile.
    """
    features = connections[db].features
    rows = Scan.objects.using(db).filter(pk__in=[scan.pk for scan in updated]).order_by("pk")
    if features.has_select_for_update:
        rows = rows.select_for_update()
    there = set(rows.values_list("pk", flat=True)) if updated else set()
    targeted = features.supports_update_conflicts_with_target
    Scan.objects.using(db).bulk_create(
        [scan for scan in updated if scan.pk in there],
        update_conflicts=True,
        update_fields=COLUMNS,
        unique_fields=["pk"] if targeted else None,
    )


class Recorded:
    """What was counted, what was left alone as somebody else changed it meanwhile, and what is left
    to do after the commit."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.changed: list[Judged] = []
        self.to_settle: list[tuple[Scan, Judged]] = []


def would_record(judged: Sequence[Judged]) -> Counter[str]:
    """The counts of ``record`` and ``move``, with nothing written."""
    counts: Counter[str] = Counter()
    for each in judged:
        counts[each.to] += 1
        counts.update(_moves(each))
    return counts


def move(recorded: "Recorded") -> "Iterator[Trouble | None]":
    """Bring each file where its policy wants it, one after the other; yields what went wrong.

    A file that cannot be moved stays, as what it is recorded to be.
    """
    for scan, each in recorded.to_settle:
        candidate, moves = each.candidate, _moves(each)
        try:
            settle(scan, candidate.row, each.found, source=_source(each))
        except DecisionRefused as refused:
            if refused.code == "settled" and _is_there(scan, each):
                continue  # with another object that names the same file
            recorded.counts["changed"] += 1
            recorded.counts[each.to] -= 1
            if refused.code in ("superseded", "gone"):
                past = Scan.Status.GONE if refused.code == "gone" else Scan.Status.SUPERSEDED
                scan.move(past)
            yield "changed", candidate.row.pk, candidate.name, str(refused)
        except Exception as error:
            logger.exception("%s of %s was not moved", scan.field, scan.object_pk)
            recorded.counts["failed"] += 1
            recorded.counts[each.to] -= 1
            yield "failed", candidate.row.pk, candidate.name, f"{type(error).__name__}: {error}"
        else:
            recorded.counts.update(moves)
            yield None


def _source(each: Judged) -> "File[bytes] | None":
    """The bytes that were fetched, so that an object store sends them only once.

    Held bytes never change. A public file may have been written over since, and what is there
    now must not be taken for what was scored.
    """
    candidate, fetched = each.candidate, each.fetched
    body = fetched.whole if fetched else None
    if fetched is None or body is None:
        return None
    hidden = candidate.scan is not None and candidate.scan.status in Scan.HIDDEN
    if not hidden and not fetched.is_there_still(candidate.row.storage, candidate.name):
        return None
    return File(body, name=candidate.name)


def fault_of(each: Judged) -> str:
    """The count that a failure belongs to; empty where there is a score."""
    failure = each.found.assessment.failure
    if failure is None:
        return ""
    if each.candidate.broken is not None:
        return "failed"
    if each.detector_failed:
        return "detector_failed"
    return "too_large" if failure.code == ImageTooLarge.code else "unreadable"


def _is_there(scan: Scan, each: Judged) -> bool:
    return Scan.objects.using(scan._state.db).filter(pk=scan.pk, status=each.to).exists()


def _moves(each: Judged) -> dict[str, int]:
    scan = each.candidate.scan
    hidden = scan is not None and each.same_bytes and scan.status in Scan.HIDDEN
    hide = each.to in Scan.HIDDEN
    return {"taken_down": int(hide and not hidden), "released": int(hidden and not hide)}


def _new(each: Judged, target: Target) -> Scan:
    candidate = each.candidate
    scan = Scan(
        field=target.label,
        object_pk=candidate.row.pk,
        object_db=target.db,
        name=candidate.name[:NAME_LENGTH],
        original_name=candidate.name[:NAME_LENGTH],
        uploader_id=candidate.uploader if candidate.scan is None else candidate.scan.uploader_id,
        verdict=each.found.verdict,
        status=each.to if each.to not in Scan.HIDDEN else Scan.Status.FLAGGED,
    )
    scan.take(each.found.assessment)
    scan.recognise(each.found.match)
    scan.sampled_at = drawn(scan, each.to)
    return scan


def _update(scan: Scan, found: Examination) -> None:
    scan.take(found.assessment)
    if scan.status in BY_SCORE:
        scan.verdict = found.verdict
        scan.recognise(found.match)


def _shared(scan: Scan, candidate: Candidate) -> Scan:
    """For another object that names the very file of ``scan``."""
    values = {
        field.attname: getattr(scan, field.attname)
        for field in Scan._meta.concrete_fields
        if not field.primary_key
    }
    own = {
        "token": uuid.uuid4(),
        "object_pk": candidate.row.pk,
        "created_at": timezone.now(),
        "escalated_at": None,
        "sampled_at": None,
    }
    return Scan(**{**values, **own})
