"""Pictures with two scores: what decided, and what the shadow said of the same bytes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..models.shadow import ShadowScoreQuerySet

NEWEST = 20_000
"""Pairs that are compared. It bounds what a page costs, and what came long ago says little."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """``deciding`` and ``shadow`` are identities; ``status`` is where the scan stands today."""

    scan: Any
    field: str
    deciding: str
    decided: float
    shadow: str
    nsfw: float
    ms: float
    status: str

    @property
    def scores(self) -> tuple[float, float]:
        return self.decided, self.nsfw


def newest_pairs(rows: ShadowScoreQuerySet, *, fields: Collection[str] | None = None) -> list[Pair]:
    """Of the shadow that scored last, and in each field of the detector that decided last there:
    scores of other identities are on other scales. The newest first, in one query."""
    paired = rows.paired()
    if fields is not None:
        paired = paired.filter(field__in=sorted(fields))
    columns: Any = paired.order_by("-scored_at", "-pk").values_list(
        "pk", "field", "deciding_detector", "deciding_nsfw", "detector", "nsfw", "ms",
        "scan__status",
    )  # fmt: skip
    found: list[Pair] = []
    last: dict[str, str] = {}
    for pk, field, deciding, decided, shadow, nsfw, ms, status in columns[:NEWEST]:
        if found and shadow != found[0].shadow:
            continue
        if last.setdefault(field, deciding) == deciding:
            found.append(
                Pair(
                    scan=pk, field=field, deciding=deciding, decided=decided, shadow=shadow,
                    nsfw=nsfw, ms=ms, status=status,
                )
            )  # fmt: skip
    return found


def since(rows: ShadowScoreQuerySet, moment: datetime | None) -> ShadowScoreQuerySet:
    """Those that were drawn since then; all of them without a moment."""
    return rows if moment is None else rows.filter(drawn_at__gte=moment)
