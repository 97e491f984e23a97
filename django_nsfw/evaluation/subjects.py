"""What a report is about: samples, and what its readers must know of where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass

from .labelled_files import LeftOut
from .samples import Sample

WORST = 12
"""Mistakes of each kind that a report shows, unless it is told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """``title``: in words. ``notes``: sentences that stand before every number.

    ``alone``: the ``source`` of the samples that the numbers without correction are about, each
    counted once; empty for all. ``recall_known``: False where nothing tells of what was not
    flagged; then every number that needs it is left open.
    """

    title: str
    samples: Sequence[Sample]
    left_out: Sequence[LeftOut] = ()
    duplicates: int = 0
    notes: Sequence[str] = ()
    alone: str = ""
    recall_known: bool = True

    @property
    def corrected(self) -> bool:
        """Whether samples stand for more or less than themselves."""
        return any(sample.weight != 1 for sample in self.samples)
