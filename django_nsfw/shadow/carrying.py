"""Thresholds of one detector as thresholds of another, by quantile. Pure.

Scores of two detectors have no scale in common; the share of the pictures that reach a threshold
has a meaning for both. Of two scores that the same share reaches each stands for the other:
equipercentile linking, Kolen, M. J. and Brennan, R. L. (2014), "Test Equating, Scaling, and
Linking", 3rd edition, chapter 2.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

Pair = tuple[float, float]
"""What the one detector says of a picture, and what the other one says of the same."""

FEW = 30
"""Pictures above a threshold, or below it, from which on the result is worth something."""

Z = 1.959963984540054
"""Of the normal distribution, for intervals of 95 %."""


@dataclass(frozen=True, kw_only=True)
class Carried:
    """``above`` of ``pairs`` pictures reach ``old``; ``kept`` of them reach ``new``.

    ``new`` is None where no picture reaches ``old``: then nothing can be said but that it is above
    ``low``. ``low`` and ``high``: between which thresholds the true one is, with a confidence of
    95 %.
    """

    old: float
    new: float | None
    low: float
    high: float
    pairs: int
    above: int
    kept: int

    @property
    def share(self) -> float:
        """Of the pictures that reach ``old``, from 0 to 1."""
        return self.above / self.pairs if self.pairs else 0.0

    @property
    def few(self) -> bool:
        """Whether too few pictures lie on one side for anybody to rely on it."""
        return min(self.above, self.pairs - self.above) < FEW


def carry(pairs: Sequence[Pair], threshold: float) -> Carried:
    """The threshold of the second detector that as many pictures reach as ``threshold`` of the
    first.

    Between two scores it is the shortest decimal fraction next to the middle. Where equal scores
    leave no such cut it is the one that comes nearest, and of two as near the lower one, which
    shows people more.
    """
    above = sum(old >= threshold for old, _ in pairs)
    news = sorted(new for _, new in pairs)
    # From 0 on is everything, whatever the scale.
    cut, kept = _cut(news, above) if threshold > 0 else (0.0, len(pairs))
    low, high = _between(pairs, threshold)
    return Carried(
        old=threshold, new=cut, low=low, high=high, pairs=len(pairs), above=above, kept=kept
    )


def spearman(pairs: Sequence[Pair]) -> float | None:
    """The correlation of ranks, equal scores having the mean of theirs; None without variation.

    Spearman, C. (1904), "The proof and measurement of association between two things", American
    Journal of Psychology 15 (1), 72-101.
    """
    olds, news = (_ranks([pair[side] for pair in pairs]) for side in (0, 1))
    middle = (len(pairs) + 1) / 2
    common = sum((a - middle) * (b - middle) for a, b in zip(olds, news, strict=True))
    spread = math.sqrt(sum((a - middle) ** 2 for a in olds) * sum((b - middle) ** 2 for b in news))
    return common / spread if spread else None


def quantile(ordered: Sequence[float], share: float) -> float:
    """The lowest score of the highest ``share`` of them; ``ordered`` upwards and not empty."""
    count = min(max(round(share * len(ordered)), 1), len(ordered))
    return ordered[-count]


def _cut(news: Sequence[float], above: int) -> tuple[float | None, int]:
    """The threshold that ``above`` of ``news`` reach, or about as many, and how many these are."""
    total = len(news)
    if not above:
        return None, 0
    reached = news[total - above]
    missed = news[total - above - 1] if above < total else 0.0
    if reached > missed or above == total:
        return _shortest(missed, reached), above
    first = bisect_left(news, reached)
    more = total - first
    beyond = next((at for at in range(first, total) if news[at] > reached), total)
    fewer = total - beyond
    if not fewer or more - above <= above - fewer:
        return reached, more
    return _shortest(reached, news[beyond]), fewer


def _shortest(low: float, high: float) -> float:
    """A threshold above ``low`` and not above ``high``, with as few digits as that allows."""
    middle = (low + high) / 2
    for digits in range(1, 17):
        short = round(middle, digits)
        if low < short <= high:
            return short
    return high


def _between(pairs: Sequence[Pair], threshold: float) -> tuple[float, float]:
    """Every threshold of which the test of McNemar does not say that another share reaches it.

    Only pictures on which the two disagree tell shares of the same pictures apart: McNemar, Q.
    (1947), "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12 (2), 153-157; without continuity correction, as Fagerland, M.
    W., Lydersen, S. and Laake, P. (2013) recommend, BMC Medical Research Methodology 13, 91.
    """
    ordered = sorted((new, old >= threshold) for old, new in pairs)
    lost, gained = 0, sum(not reaches for _, reaches in ordered)
    low, high, previous, crossing, at = 1.0, 0.0, 0.0, 0.0, 0
    while True:
        value = ordered[at][0] if at < len(ordered) else 1.0
        if (lost - gained) ** 2 <= Z * Z * (lost + gained):
            low, high = min(low, previous), max(high, value)
        if lost < gained:
            crossing = value
        if at >= len(ordered):
            # Among many equal scores there may be no such cut.
            return (low, high) if low <= high else (crossing, crossing)
        while at < len(ordered) and ordered[at][0] == value:
            lost, gained = lost + ordered[at][1], gained - (not ordered[at][1])
            at += 1
        previous = value


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for at in range(start, end):
            ranks[order[at]] = (start + 1 + end) / 2
        start = end
    return ranks
