"""Where a picture is covered: windows on a grid of cells."""

import math
from dataclasses import dataclass

from ..images import Box

Place = tuple[int, int]
"""Column and row, from 0, of a cell, or of the cell in the upper left of a window."""

WINDOWS = 4
"""Windows that lie side by side along a side of a square. Each is two cells wide and high."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """``columns`` × ``rows`` cells, nearly square, on ``width`` × ``height`` pixels.

    Columns and rows are even, so that the windows of ``side_by_side`` cover every cell once. The
    windows ``between`` them lie half over their neighbours; those at the edges begin at −1 and hang
    over it. With both, each cell is covered by four windows, also one in a corner.
    """

    width: int
    height: int
    columns: int
    rows: int

    @classmethod
    def over(cls, size: Place) -> "Grid":
        width, height = size
        wide = math.sqrt(width / height)
        across, down = round(WINDOWS * wide), round(WINDOWS / wide)
        return cls(
            width=width,
            height=height,
            columns=2 * max(1, min(across, width // 2)),
            rows=2 * max(1, min(down, height // 2)),
        )

    @property
    def side_by_side(self) -> list[Place]:
        return [(c, r) for r in range(0, self.rows, 2) for c in range(0, self.columns, 2)]

    @property
    def between(self) -> list[Place]:
        every = ((c, r) for r in range(-1, self.rows) for c in range(-1, self.columns))
        return [(c, r) for c, r in every if c % 2 or r % 2]

    def cells(self, window: Place) -> list[Place]:
        """Those that a window covers."""
        column, row = window
        columns = range(max(column, 0), min(column + 2, self.columns))
        rows = range(max(row, 0), min(row + 2, self.rows))
        return [(c, r) for r in rows for c in columns]

    def box(self, window: Place) -> Box:
        """What a window covers: left, upper, right, lower, in pixels."""
        column, row = window
        return (
            self._across(max(column, 0)),
            self._down(max(row, 0)),
            self._across(min(column + 2, self.columns)),
            self._down(min(row + 2, self.rows)),
        )

    def _across(self, columns: int) -> int:
        return round(columns * self.width / self.columns)

    def _down(self, rows: int) -> int:
        return round(rows * self.height / self.rows)
