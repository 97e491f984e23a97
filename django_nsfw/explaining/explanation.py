"""What was found out about a score, as values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..scores import Ground

Share = tuple[float, float, float, float]
"""Left, upper, right and lower edge of a rectangle, in shares of the sides of the upright frame."""

Table = tuple[tuple[float, ...], ...]
"""A number for each cell, row by row from the upper left."""

FAINT = 0.1
"""In log-odds: whatever is covered, the odds fall by less than a tenth. No part stands out then."""

FULL = 1.0
"""In log-odds: a change that is drawn in full, as is any larger one. A smaller one is drawn
fainter, so that little is never made to look like much."""

SEEN = 0.05
"""Of the full strength; what is less is not drawn."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A rectangle that was covered. ``nsfw`` is the score without it, ``log_odds`` by how much
    lower that is on the scale of ln(p / (1 − p)); negative where it is higher."""

    box: Share
    nsfw: float
    log_odds: float


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Which parts of the crop that scored worst drove its score.

    ``nsfw`` is what ``detector`` says of that crop now. ``log_odds`` and ``drops``: by how much
    the score is lower with a cell covered, in log-odds and in probability; each is the mean over
    the windows that covered the cell. ``box`` is the crop in its frame, which has ``width`` ×
    ``height`` pixels as it was decoded. ``finished``: False where time ran out before the windows
    between those that lie side by side were looked at; the grid is coarser then.
    """

    detector: str
    frame: int
    tile: int
    ground: Ground
    width: int
    height: int
    box: Share
    nsfw: float
    log_odds: Table
    drops: Table
    strongest: Part
    inferences: int
    finished: bool

    @property
    def stands_out(self) -> bool:
        """Whether the score hangs on any one part."""
        return self.strongest.log_odds >= FAINT

    def patches(self) -> Iterator[tuple[Share, float]]:
        """The cells to be drawn, each with its strength: from 1, where the score is lower by most
        without it, to −1, where it is higher by as much."""
        full = max(FULL, *(value for row in self.log_odds for value in row))
        left, upper, right, lower = self.box
        high = (lower - upper) / len(self.log_odds)
        for r, row in enumerate(self.log_odds):
            wide = (right - left) / len(row)
            for c, value in enumerate(row):
                strength = max(value / full, -1.0)
                if abs(strength) >= SEEN:
                    x, y = left + c * wide, upper + r * high
                    yield (x, y, x + wide, y + high), strength

    def as_json(self) -> dict[str, Any]:
        strongest = self.strongest
        return {
            "detector": self.detector,
            "frame": self.frame,
            "tile": self.tile,
            "ground": self.ground.value,
            "box": _rounded(self.box),
            "nsfw": self.nsfw,
            "log_odds": [_rounded(row) for row in self.log_odds],
            "drops": [_rounded(row) for row in self.drops],
            "strongest": {
                "box": _rounded(strongest.box),
                "nsfw": strongest.nsfw,
                "log_odds": round(strongest.log_odds, 6),
            },
            "inferences": self.inferences,
            "finished": self.finished,
        }


def _rounded(values: tuple[float, ...]) -> list[float]:
    return [round(value, 6) for value in values]
