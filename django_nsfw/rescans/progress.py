"""How far a run is, and what it found."""

import time
from collections.abc import Mapping
from typing import Any

from django.db import router
from django.utils import timezone

from ..models import Chunk, Run
from . import runs

COUNTS: Mapping[str, str] = {
    "rows": "rows",
    "no_file": "without a file",
    "up_to_date": "left alone, as they are up to date or not asked for",
    "chosen": "looked at",
    "scored": "scored",
    "recalled": "with bytes that were scored before",
    "known": "settled by an earlier decision, not scored",
    "missing": "not in the storage",
    "unreadable": "no picture, or one that cannot be read",
    "too_large": "over a limit",
    "failed": "not read or not moved, as a storage or a policy failed",
    "detector_failed": "that the detector failed on",
    "changed": "changed by somebody else meanwhile",
    "skipped": "whose bytes retention deleted",
    "clear": "clear",
    "flagged": "public, awaiting review",
    "held": "held, awaiting review",
    "approved": "approved",
    "rejected": "rejected",
    "taken_down": "taken down now",
    "released": "released now",
}
"""What is counted, in the order in which it is said."""

UNFINISHED_BUSINESS = ("failed", "detector_failed")
"""Counts of files that another run may do better with; they set the exit code."""

TROUBLES_SAID = 20


class Progress:
    """``line()`` says where a run is, with the rate since this was made."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._started = time.monotonic()
        self._before = runs.progress(run)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def line(self) -> str:
        counts = runs.progress(self._run)
        done, total = _done(counts), max(self._run.rows, counts.get("rows", 0))
        seconds = max(self.seconds, 1e-3)
        looked_at = counts.get("chosen", 0) - self._before.get("chosen", 0)
        rate = (done - _done(self._before)) / seconds
        done = min(done, total)  # what a dead worker left is counted again
        share = f"{done / total:.0%}" if total else "100%"
        text = f"{done:,} of {total:,} rows ({share}), {looked_at / seconds:,.1f} images/s"
        return text if rate <= 0 else f"{text}, {_duration((total - done) / rate)} left"


def summary(run: Run, seconds: float) -> dict[str, Any]:
    """Everything about a run, as ``--format json`` prints it."""
    counts = runs.progress(run)
    chosen = counts.get("chosen", 0)
    return {
        "run": run.pk,
        "status": run.status,
        **{name: counts.get(name, 0) for name in COUNTS},
        "failed_chunks": runs.failed_chunks(run),
        "seconds": round(seconds, 1),
        "images_per_second": round(chosen / seconds, 1) if seconds else None,
        "troubles": troubles(run),
    }


def troubles(run: Run) -> list[dict[str, Any]]:
    """The first files that something was the matter with, and the chunks that were given up."""
    db = router.db_for_write(Run)
    chunks = Chunk.objects.using(db).filter(run=run).exclude(troubles=[]).order_by("number")
    found: list[dict[str, Any]] = []
    for chunk in chunks[:TROUBLES_SAID]:
        field = run.targets[chunk.target][0]
        found += [
            {"kind": kind, "field": field, "object": pk, "file": name, "reason": reason}
            for kind, pk, name, reason in chunk.troubles
        ]
    for chunk in Chunk.objects.using(db).filter(run=run, status="failed").order_by("number"):
        keys = f"up to {chunk.upto}" if chunk.after is None else f"{chunk.after} to {chunk.upto}"
        found.append({
            "kind": "failed_chunk", "field": run.targets[chunk.target][0], "object": keys,
            "file": "", "reason": f"{chunk.attempts} workers died or failed at these rows.",
        })  # fmt: skip
    return found[-TROUBLES_SAID:]


def since_start(run: Run) -> float:
    return ((run.finished_at or timezone.now()) - run.created_at).total_seconds()


def _done(counts: Mapping[str, int]) -> int:
    return sum(counts.get(name, 0) for name in ("no_file", "up_to_date", "chosen"))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
