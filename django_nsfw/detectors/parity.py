"""Whether an exported file says what its original says: the scores, and what follows from them.

Few pictures have a score near a threshold, and drawn ones hardly ever. That none of them changes
sides says little then. How far the file moves a score says more. It is taken as log-odds, in
which it is of one size on the whole scale, and so holds at the threshold, too.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

from ..exceptions import ExportRefused
from ..scores import Scores

TOLERANCE = 1e-4
"""Largest difference of any score at full precision, on a scale from 0 to 1."""

SHIFT = 0.1
"""How far a score at a threshold may move at a lower precision, on a scale from 0 to 1. Measured:
0.007 at most in half floats; in 8 bits 0.001 to 0.03, and 0.21 of a model that then judged one of
twelve photographs otherwise."""

NOTHING = 1e-30
"""For odds, which need not be infinite."""

NOTHING_ALONE = 1e-5
"""The same for a label that does not exclude the others. How far it is from 1 they do not say, and
float32 has no digits for less."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AtThreshold:
    threshold: float
    changed: int
    """Pictures whose verdict is another one."""
    closest: float
    """Distance of the score that comes closest to it."""
    shift: float
    """How far a score just there may move, by what the scores of the pictures moved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parity:
    """``difference``: the largest of any score from that of the same model on the same pixels;
    ``as_configured``: from that of the detector as it is, which may resize by other means."""

    pictures: int
    difference: float
    as_configured: float
    thresholds: tuple[AtThreshold, ...]

    @classmethod
    def of(
        cls,
        *,
        found: Sequence[Sequence[Scores]],
        reference: Sequence[Scores],
        configured: Sequence[Scores],
        thresholds: Collection[float],
        independent: bool = False,
    ) -> Self:
        """``found``: of the file, each way that it was asked. ``independent``: whether labels do
        not exclude each other."""
        moved = max(
            abs(_log_odds(one, independent) - _log_odds(other, independent))
            for scores in found
            for one, other in zip(configured, scores, strict=True)
        )
        return cls(
            pictures=len(reference),
            difference=max(_largest(reference, scores) for scores in found),
            as_configured=max(_largest(configured, scores) for scores in found),
            thresholds=tuple(
                _at(threshold, moved, found, configured) for threshold in sorted(thresholds)
            ),
        )

    def refuse(self, precision: str, tolerance: float = TOLERANCE) -> None:
        """``ExportRefused`` where the file is no good."""
        if precision == "fp32" and not self.difference <= tolerance:
            raise ExportRefused(
                f"No file was written: the scores of the exported model differ from the "
                f"original's by up to {self.difference:.1e}, more than {tolerance:.0e}. "
                "Try other releases of torch and onnxruntime."
            )
        for at in self.thresholds:
            if at.changed:
                raise ExportRefused(
                    f"No file was written: at the threshold {at.threshold:g} the verdict on "
                    f"{at.changed} of {self.pictures} pictures would be another one at "
                    f"{precision}. {self._by_how_much()}: take "
                    f"{'' if precision == 'fp32' else 'a higher precision, or '}a threshold that "
                    "no picture is so close to."
                )
            if precision != "fp32" and at.shift > SHIFT:
                raise ExportRefused(
                    f"No file was written: at {precision} a score at the threshold "
                    f"{at.threshold:g} may move by {at.shift:.2f}, more than {SHIFT:g}. Take a "
                    "higher precision."
                )

    def _by_how_much(self) -> str:
        scores = f"Scores differ by up to {self.as_configured:.1e}"
        if self.as_configured == self.difference:
            return scores
        return f"{scores} ({self.difference:.1e} where Pillow resizes for the original, too)"


def _at(
    threshold: float,
    moved: float,
    found: Sequence[Sequence[Scores]],
    configured: Sequence[Scores],
) -> AtThreshold:
    """``moved``: by how much at most, in log-odds."""
    return AtThreshold(
        threshold=threshold,
        changed=max(_changed(configured, scores, threshold) for scores in found),
        closest=min(abs(one.nsfw - threshold) for one in configured),
        shift=_shift(threshold, moved),
    )


def _largest(left: Sequence[Scores], right: Sequence[Scores]) -> float:
    return max(
        abs(probability - other.labels[label])
        for one, other in zip(left, right, strict=True)
        for label, probability in one.labels.items()
    )


def _changed(left: Sequence[Scores], right: Sequence[Scores], threshold: float) -> int:
    sides = (
        (one.nsfw >= threshold, other.nsfw >= threshold)
        for one, other in zip(left, right, strict=True)
    )
    return sum(before != after for before, after in sides)


def _shift(threshold: float, moved: float) -> float:
    if not 0 < threshold < 1:
        return 0.0  # no score crosses it
    odds = threshold / (1 - threshold)
    ends = odds * math.exp(moved), odds * math.exp(-moved)
    return max(abs(end / (1 + end) - threshold) for end in ends)


def _log_odds(scores: Scores, independent: bool) -> float:
    rest = (1.0 if independent else sum(scores.labels.values())) - scores.nsfw
    least = NOTHING_ALONE if independent else NOTHING
    return math.log(max(scores.nsfw, least) / max(rest, least))
