"""Shares of right and wrong, from what is above a threshold; with or without resamples."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .ranking import Numbers

RATES = ("accuracy", "precision", "recall", "f1", "fpr", "fnr")


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95 % interval; None where it is not defined, or cannot be known."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


UNKNOWN = Estimate()


@dataclass(frozen=True, kw_only=True)
class AtThreshold:
    """What a threshold does: a score of at least ``threshold`` counts as NSFW.

    ``tp``, ``fp``, ``tn``, ``fn`` are sums of weights. ``fpr``: of what is safe, how much is
    flagged; ``fnr``: of what is NSFW, how much is not.
    """

    threshold: float
    tp: float
    fp: float
    tn: float
    fn: float
    accuracy: Estimate
    precision: Estimate
    recall: Estimate
    f1: Estimate
    fpr: Estimate
    fnr: Estimate


def rates(
    tp: Numbers, fp: Numbers, nsfw: Numbers | float, sfw: Numbers | float
) -> Mapping[str, Numbers]:
    """Each of ``RATES``, of arrays of any shape. NaN where nothing is in the denominator, and for
    all that compares the two classes where one of them is absent."""
    nsfw, sfw = np.asarray(nsfw, float), np.asarray(sfw, float)
    fn = nsfw - tp
    both = np.where((nsfw > 0) & (sfw > 0), 1.0, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": (tp + sfw - fp) / (nsfw + sfw),
            "precision": both * tp / (tp + fp),
            "recall": tp / nsfw,
            "f1": both * 2 * tp / (2 * tp + fp + fn),
            "fpr": fp / sfw,
            "fnr": fn / nsfw,
        }
