"""Whether a score of 0.9 means that nine of ten are NSFW."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import brier_score_loss

from ..intervals import wilson
from .ranking import Ranking
from .rates import Estimate

BINS = 10


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The samples with a score from ``begin`` to below ``end``; 1 is in the last bin.

    ``mean``: of their scores; ``share``: of them that is NSFW. ``weight``: what they stand for.
    """

    begin: float
    end: float
    number: int
    weight: float
    mean: float
    share: Estimate


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """``bins`` without empty ones. ``ece``: the expected calibration error, by how much ``mean``
    and ``share`` differ, weighted by bin. ``brier``: the mean squared error of the score.

    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015), "Obtaining well calibrated
    probabilities using Bayesian binning", AAAI; Brier, G. W. (1950), "Verification of forecasts
    expressed in terms of probability", Monthly Weather Review 78 (1), 1-3.
    """

    bins: Sequence[Bin]
    ece: float
    brier: float


def calibrate(ranking: Ranking) -> Calibration:
    """Raises ``ValueError`` where nothing has weight."""
    places = np.minimum((ranking.scores * BINS).astype(int), BINS - 1)
    bins = [
        _bin(ranking, place, places == place)
        for place in range(BINS)
        if ranking.weights[places == place].sum()
    ]
    total = sum(each.weight for each in bins)
    error = sum(each.weight * abs(each.mean - (each.share.value or 0.0)) for each in bins)
    return Calibration(
        bins=bins,
        ece=error / total,
        brier=float(
            brier_score_loss(
                ranking.nsfw, ranking.scores, sample_weight=ranking.weights, pos_label=True
            )
        ),
    )


def _bin(
    ranking: Ranking, place: int, members: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> Bin:
    weights = ranking.weights[members]
    weight = float(weights.sum())
    share = float(weights[ranking.nsfw[members]].sum()) / weight
    # Kish, L. (1965), "Survey Sampling", 11.7: so many samples of equal weight would tell as much.
    effective = weight**2 / float((weights**2).sum())
    low, high = wilson(share * effective, effective) or (None, None)
    return Bin(
        begin=place / BINS,
        end=(place + 1) / BINS,
        number=int(np.count_nonzero(weights)),
        weight=weight,
        mean=float(np.average(ranking.scores[members], weights=weights)),
        share=Estimate(value=share, low=low, high=high),
    )
