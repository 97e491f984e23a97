"""A table of the page, and which of its columns make a chart."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import words


@dataclass(frozen=True, kw_only=True)
class Column:
    """``tone`` names the colour of a series; a column without one is not drawn."""

    label: str
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """``head``, and a cell for each column: a number is drawn as it is, text is only read."""

    head: str
    cells: Sequence[int | str]
    link: str = ""

    @property
    def numbered(self) -> list[tuple[str, int | None]]:
        return [
            (words.number(cell), cell) if isinstance(cell, int) else (cell, None)
            for cell in self.cells
        ]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A line across a chart, at a part of its width from 0 to 1."""

    at: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A table, and a chart of the same numbers where ``chart`` says of what kind.

    ``unfolded``: the table stays open beside its chart, for it says more.
    """

    key: str
    title: str
    said: Sequence[str]
    head: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    chart: str = ""
    wide: bool = False
    unfolded: bool = False
    marks: Sequence[Mark] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Tile:
    label: str
    number: str
    said: str = ""
