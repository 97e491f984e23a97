"""Handing out the chunks of a run to any number of workers, on any number of machines.

A chunk belongs to who claimed it until its lease runs out, and leases are renewed while they are
worked under. What a dead worker had is claimed again, at most three times in all. Every change is
one conditional UPDATE: who is too late finds out by the number of rows that it matched.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from ..conf import nsfw_settings
from ..exceptions import NSFWError
from ..models import Chunk, Run
from .runs import add, finish
from .targets import Target

MAX_ATTEMPTS = 3

TROUBLES = 20
"""Files in trouble that a chunk names; the others are counted."""


class ChunkLost(NSFWError):
    """The lease ran out and somebody else has the chunk now, or the run was cancelled."""


def claim(run: Run, targets: list[Target], worker: str) -> Chunk | None:
    """The next chunk, for ``worker`` to work on; None where none can be had now.

    First what a dead worker left, then the next rows. Where the last one is done, the run ends.
    """
    if run.remaining is not None:
        run.refresh_from_db()  # what the chunks of others were granted
    while run.status == Run.Status.RUNNING:
        chunk = _orphan(run, worker) or _next(run, targets, worker)
        if chunk is not None:
            return chunk
        run.refresh_from_db()
        if _is_handed_out(run, targets):
            if not open_until(run):
                finish(run)
            return None
    return None


def open_until(run: Run) -> datetime | None:
    """When the first lease of a chunk that is being worked on runs out; None where none is."""
    claimed = Chunk.objects.using(run._state.db).filter(run=run, status=Chunk.Status.CLAIMED)
    return claimed.order_by("lease_until").values_list("lease_until", flat=True).first()


def renew(chunk: Chunk) -> None:
    """A sign of life. Raises ``ChunkLost``."""
    until = timezone.now() + _lease()
    if not _mine(chunk).update(lease_until=until):
        raise ChunkLost(f"Chunk {chunk} was taken over by somebody else.")
    chunk.lease_until = until


def save_counts(chunk: Chunk) -> None:
    """What was done so far, in the transaction in which it is done."""
    _mine(chunk).update(counts=chunk.counts, troubles=chunk.troubles[:TROUBLES])


def complete(chunk: Chunk) -> None:
    """The chunk is done; its counts are the run's. Raises ``ChunkLost``."""
    db = chunk._state.db
    with transaction.atomic(using=db):
        # The run first, in every transaction that writes both: nobody waits in a circle.
        counts = _locked_counts(chunk.run_id, db)
        done = _mine(chunk).update(
            status=Chunk.Status.DONE, counts=chunk.counts, troubles=chunk.troubles[:TROUBLES]
        )
        if not done:
            raise ChunkLost(f"Chunk {chunk} was taken over by somebody else.")
        Run.objects.using(db).filter(pk=chunk.run_id).update(counts=add(counts, chunk.counts))
    chunk.status = Chunk.Status.DONE


def give_back(chunk: Chunk) -> None:
    """Let somebody else have it at once; it was no failure."""
    _mine(chunk).update(
        lease_until=timezone.now(),
        attempts=F("attempts") - 1,
        counts=chunk.counts,
        troubles=chunk.troubles[:TROUBLES],
    )


def drop(chunk: Chunk) -> None:
    """Something went wrong that nobody foresaw: this was one of its attempts."""
    _mine(chunk).update(lease_until=timezone.now())


def bury(run: Run, worker: str) -> int:
    """Free what a worker had that is known to be dead. Returns how many chunks that were."""
    claimed = Chunk.objects.using(run._state.db).filter(run=run, status=Chunk.Status.CLAIMED)
    theirs = claimed.filter(worker=worker, lease_until__gt=timezone.now())
    buried: int = theirs.update(lease_until=timezone.now())
    return buried


def grant(chunk: Chunk, wanted: int) -> int:
    """How many files the chunk may look at, of ``wanted``: the run may have a limit."""
    db = chunk._state.db
    if chunk.granted is None:
        while True:
            left = Run.objects.using(db).values_list("remaining", flat=True).get(pk=chunk.run_id)
            if left is None:
                return wanted
            granted = min(left, wanted)
            with transaction.atomic(using=db):
                run = Run.objects.using(db).filter(pk=chunk.run_id, remaining=left)
                if not run.update(remaining=left - granted):
                    continue
                if not _mine(chunk).update(granted=granted):
                    transaction.set_rollback(True, using=db)
                    raise ChunkLost(f"Chunk {chunk} was taken over by somebody else.")
            chunk.granted = granted
            break
    used: int = chunk.counts.get("chosen", 0)
    return max(chunk.granted - used, 0)


def _orphan(run: Run, worker: str) -> Chunk | None:
    db, now = run._state.db, timezone.now()
    dead = Chunk.objects.using(db).filter(
        run=run, status=Chunk.Status.CLAIMED, lease_until__lte=now
    )
    for chunk in dead.order_by("number")[:10]:
        mine = dead.filter(pk=chunk.pk, attempts=chunk.attempts, worker=chunk.worker)
        if chunk.attempts >= MAX_ATTEMPTS:
            _fail(chunk, mine)
            continue
        changes: dict[str, Any] = {
            "worker": worker, "attempts": chunk.attempts + 1, "lease_until": now + _lease(),
        }  # fmt: skip
        if mine.update(**changes):
            for name, value in changes.items():
                setattr(chunk, name, value)
            return chunk
    return None


def _fail(chunk: Chunk, mine: Any) -> None:
    db = chunk._state.db
    with transaction.atomic(using=db):
        counts = _locked_counts(chunk.run_id, db)
        if mine.update(status=Chunk.Status.FAILED):
            Run.objects.using(db).filter(pk=chunk.run_id).update(counts=add(counts, chunk.counts))


def _next(run: Run, targets: list[Target], worker: str) -> Chunk | None:
    """The next rows, swapped against the position that was read. None: read it again."""
    db, size = run._state.db, run.options["batch_size"]
    index, after = run.position
    if _is_handed_out(run, targets):
        return None
    upto = targets[index].boundary(after, size)
    position = [index + 1, None] if upto is None else [index, upto]
    with transaction.atomic(using=db):
        # Beginning with a write: who only reads first may not get SQLite's one lock.
        swapped = (
            Run.objects.using(db)
            .running()
            .filter(pk=run.pk, step=run.step)
            .update(position=position, step=run.step + 1)
        )
        chunk = None
        if swapped and upto is not None:
            chunk = Chunk.objects.using(db).create(
                run=run,
                number=run.step + 1,
                target=index,
                after=after,
                upto=upto,
                worker=worker,
                lease_until=timezone.now() + _lease(),
            )
    if swapped:
        run.position, run.step = position, run.step + 1
    return chunk


def _is_handed_out(run: Run, targets: list[Target]) -> bool:
    return run.position[0] >= len(targets) or run.remaining == 0


def _locked_counts(run: Any, db: str | None) -> Mapping[str, int]:
    runs = Run.objects.using(db).filter(pk=run)
    if connections[db or "default"].features.has_select_for_update:
        runs = runs.select_for_update()
    else:
        runs.update(step=F("step"))
    counts: Mapping[str, int] = runs.values_list("counts", flat=True).get()
    return counts


def _mine(chunk: Chunk) -> Any:
    return Chunk.objects.using(chunk._state.db).filter(
        pk=chunk.pk, status=Chunk.Status.CLAIMED, worker=chunk.worker, attempts=chunk.attempts
    )


def _lease() -> timedelta:
    return nsfw_settings.background.lease
