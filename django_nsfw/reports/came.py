"""What came in the period, counted in one pass by all that tells its kinds apart."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import Count, Max, Q

from ..models import Scan
from ..policy import OTHER_FILE
from ..verdict import Verdict
from .scope import Scope

BINS = 20
"""Equal parts of the scores from 0 to 1. The last includes 1."""

EDGES = [f"below_{part}" for part in range(1, BINS)]

_VERDICTS = {
    Verdict.ALLOW: "allowed",
    Verdict.REVIEW: "to_review",
    Verdict.REJECT: "rejecting",
    Verdict.UNKNOWN: "unknown",
}


@dataclass(frozen=True, kw_only=True)
class Came:
    """So many scans of the period that have these columns in common; ``latest`` came last.

    ``scores``: how many of them are in each of ``BINS``.
    """

    field: str
    detector: str
    status: str
    verdict: str
    error_code: str
    count: int
    latest: datetime
    scores: tuple[int, ...]

    @property
    def kind(self) -> str:
        return kind(self.status, self.verdict)

    @property
    def failure(self) -> str:
        """Why there is no score; empty where one was never to be had of files that are allowed."""
        other = self.error_code == OTHER_FILE and self.verdict == Verdict.ALLOW
        return "" if other else self.error_code


def came(scope: Scope) -> list[Came]:
    """One query.

    The parts are counted, and not grouped by: PostgreSQL takes every score for a group of its
    own, and would sort all rows on disk.
    """
    below: Any = {
        name: Count("nsfw", filter=Q(nsfw__lt=part / BINS)) for part, name in enumerate(EDGES, 1)
    }
    rows: Any = scope.came.order_by().values("field", "detector", "status", "verdict", "error_code")
    rows = rows.annotate(count=Count("pk"), latest=Max("created_at"), scored=Count("nsfw"), **below)
    return [Came(scores=_scores(row), **row) for row in rows]


def kind(status: str, verdict: str) -> str:
    """Each scan is of one kind: its verdict, or that it has none yet."""
    return "awaits_score" if status in Scan.UNSETTLED else _VERDICTS[Verdict(verdict)]


def _scores(row: dict[str, Any]) -> tuple[int, ...]:
    ends = [0, *(row.pop(name) for name in EDGES), row.pop("scored")]
    return tuple(end - start for start, end in pairwise(ends))
