"""Which of the files of a target a run looks at."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from ..exceptions import FILE_FAULTS, RescanRefused
from ..models import Scan
from .targets import Target

BATCH_SIZE = 500
"""Rows that one chunk covers."""

LARGEST_BATCH = 10_000

CURRENT = tuple(s for s in Scan.Status.values if s not in Scan.PAST)

_AGE = re.compile(r"(\d+)([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The options of a run, as they were given and as they are stored with it.

    Without ``unscanned`` and ``outdated`` every file is chosen; with both, what is either. The
    others narrow that down.
    """

    unscanned: bool = False
    outdated: bool = False
    status: tuple[str, ...] = ()
    since: str = ""
    query: tuple[str, ...] = ()
    detector: str = ""
    report_only: bool = False
    limit: int | None = None
    batch_size: int = BATCH_SIZE

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        as_tuples = {key: tuple(values[key]) for key in ("status", "query")}
        return cls(**{**values, **as_tuples})

    def digest(self, targets: Sequence[Target]) -> str:
        """Equal for two runs that would do the same; the size of the batches does not matter."""
        values = self.as_json() | {"batch_size": 0}
        of = sorted((target.label, target.db) for target in targets)
        return hashlib.sha256(json.dumps([of, values], sort_keys=True).encode()).hexdigest()

    def check(self, targets: Sequence[Target]) -> None:
        """Raise ``RescanRefused`` for what makes no sense, before a run is made of it."""
        if not 1 <= self.batch_size <= LARGEST_BATCH:
            raise RescanRefused(
                f"--batch-size must be from 1 to {LARGEST_BATCH}, not {self.batch_size}."
            )
        if self.limit is not None and self.limit < 1:
            raise RescanRefused(f"--limit must be at least 1, not {self.limit}.")
        for status in self.status:
            if status not in CURRENT:
                raise RescanRefused(
                    f"No current scan has the status {status!r}. Valid: {', '.join(CURRENT)}."
                )
        if self.unscanned and (self.status or self.since):
            raise RescanRefused(
                "--unscanned goes with neither --status nor --since: what was never scanned has "
                "no status and no date."
            )
        since(self.since, timezone.now())
        for target in targets:
            self.filtered(target, target.rows.all())

    def filtered(
        self, target: Target, rows: "models.QuerySet[models.Model]"
    ) -> "models.QuerySet[models.Model]":
        """``rows`` narrowed down by ``--query``."""
        for query in self.query:
            rows = _filtered(target, rows, query)
        return rows

    def wants(
        self, scan: Scan | None, *, identity: str | None, started: datetime, again: bool
    ) -> bool:
        """Whether the file behind ``scan`` is looked at; None: no scan names it.

        ``identity``: of the detector that would score it, None where that depends on the object
        and is not known yet. ``started``: when the run was. ``again``: an earlier worker left this
        chunk, perhaps between recording a score and doing what it asks for.
        """
        if scan is None:
            return self.unscanned or not (self.outdated or self.status or self.since)
        if again and scan.scored_at is not None and scan.scored_at >= started:
            # Done, unless it is to be held and was not. A score that moves nothing costs a reading.
            return scan.status == Scan.Status.FLAGGED
        if self.unscanned and not self.outdated:
            return False
        if self.outdated and not is_outdated(scan, identity):
            return False
        if self.status and scan.status not in self.status:
            return False
        return not self.since or scan.created_at >= since(self.since, started)


def is_outdated(scan: Scan, identity: str | None) -> bool:
    """Whether another detector scored it, or none could, for a reason that was not the file's.

    Bytes that a decision had settled before anybody asked a detector have neither score nor
    reason, and wait for none.
    """
    if scan.status in Scan.UNSETTLED:
        return True
    if scan.error_code:
        return scan.error_code not in FILE_FAULTS
    return bool(scan.detector) and scan.detector != identity


def since(text: str, now: datetime) -> datetime:
    """``2026-01-31``, ``2026-01-31T12:00``, or an age: ``30m``, ``12h``, ``7d``, ``2w``."""
    if not text:
        return now
    if found := _AGE.fullmatch(text):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        day: date | None = parse_date(text)
        moment = parse_datetime(text) if day is None else datetime.combine(day, time())
    except ValueError:
        moment = None
    if moment is None:
        raise RescanRefused(
            f"--since must be a date (2026-01-31), a date and time (2026-01-31T12:00) or an age "
            f"(30m, 12h, 7d, 2w), not {text!r}."
        )
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def _filtered(
    target: Target, rows: "models.QuerySet[models.Model]", query: str
) -> "models.QuerySet[models.Model]":
    name, equals, text = query.partition("=")
    if not equals or not name:
        raise RescanRefused(f"--query must have the form field=value, not {query!r}.")
    value: Any = text
    if name.endswith("__isnull"):
        value = _boolean(text)
    elif name.endswith(("__in", "__range")):
        value = text.split(",")
    try:
        found = rows.filter(**{name: value})
        str(found.query)  # values are converted only now
    except FieldError as error:
        raise RescanRefused(f"--query {query!r}: {error}") from error
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        said = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        raise RescanRefused(f"--query {query!r}: {said}") from error
    except models.sql.EmptyResultSet:  # type: ignore[attr-defined]
        return rows.none()
    return found


def _boolean(text: str) -> bool:
    values: dict[str, bool] = {"true": True, "1": True, "false": False, "0": False}
    try:
        return values[text.lower()]
    except KeyError:
        raise RescanRefused(f"--query: …__isnull takes true or false, not {text!r}.") from None


def known_among(names: Collection[str], target: Target, db: str) -> dict[str, list[Scan]]:
    """The current scans of files with these names. One query."""
    scans: dict[str, list[Scan]] = {}
    found = Scan.objects.using(db).current().defer("crops", "error_message", "pdq_rotations")
    # By name alone: asked for the field as well, SQLite reads every scan that this field has.
    for scan in found.filter(name__in=list(names)):
        if (scan.field, scan.object_db) == (target.label, target.db):
            scans.setdefault(scan.name, []).append(scan)
    return scans


def placeholders_among(names: Collection[str], target: Target, db: str) -> set[str]:
    """Names of placeholders whose own object is gone or has another file. One query.

    Another object that names one has no file that could be scored.
    """
    past = Scan.objects.using(db).behind_placeholder()
    found = past.filter(field=target.label, name__in=list(names)).values_list("name", flat=True)
    return set(found)
