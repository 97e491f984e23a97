"""Intervals by the bootstrap: how much would change if other samples had been drawn.

Efron, B. and Tibshirani, R. J. (1993), "An Introduction to the Bootstrap", chapter 13: the
percentile interval, of samples drawn with replacement.
"""

from collections.abc import Mapping

import numpy as np

from .ranking import Numbers, Ranking
from .rates import Estimate, rates

RESAMPLES = 1000
SEED = 384
"""The same samples and scores give the same report."""

DEFINED = 0.5
"""Share of the resamples in which a number must be defined to have an interval."""


def resampled(ranking: Ranking, thresholds: Numbers) -> Mapping[str, Numbers]:
    """Each of ``RATES`` at each threshold, ``(RESAMPLES, thresholds)``, and ``average_precision``
    and ``roc_auc``, ``(RESAMPLES,)``."""
    generator = np.random.default_rng(SEED)
    number = len(ranking)
    tp, fp = np.empty((2, RESAMPLES, len(thresholds)))
    nsfw, sfw = np.empty((2, RESAMPLES, 1))
    areas = np.empty((RESAMPLES, 2))
    for at in range(RESAMPLES):
        times = np.bincount(generator.integers(0, number, number), minlength=number)
        weights = ranking.weights * times
        tp[at], fp[at] = ranking.above(thresholds, weights)
        nsfw[at], sfw[at] = ranking.total(weights)
        areas[at] = ranking.areas(weights)
    return {
        **rates(tp, fp, nsfw, sfw),
        "average_precision": areas[:, 0],
        "roc_auc": areas[:, 1],
    }


def between(value: float, drawn: Numbers) -> Estimate:
    """``value`` and the 95 % of what was ``drawn`` around it; ``UNKNOWN`` where it is NaN."""
    if np.isnan(value):
        return Estimate()
    defined = drawn[~np.isnan(drawn)]
    if len(defined) < DEFINED * len(drawn):
        return Estimate(value=float(value))
    low, high = np.percentile(defined, [2.5, 97.5])
    return Estimate(value=float(value), low=float(low), high=float(high))
