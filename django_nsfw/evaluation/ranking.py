"""Scored samples from the highest score down: what a threshold, or a resample, makes of them."""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


class Ranking:
    """``nsfw``, ``scores`` and ``weights`` of as many samples, sorted once for every question.

    Functions take other ``weights`` in the order of this ranking: a resample is the same ranking,
    in which some count several times and some not at all.
    """

    def __init__(self, nsfw: npt.NDArray[np.bool_], scores: Numbers, weights: Numbers) -> None:
        order = np.argsort(-scores, kind="stable")
        self.nsfw, self.scores, self.weights = nsfw[order], scores[order], weights[order]
        # Samples of equal score are above a threshold together or not at all.
        self._ends = np.flatnonzero(np.append(np.diff(self.scores) != 0, True))

    def __len__(self) -> int:
        return len(self.scores)

    def above(self, thresholds: Numbers, weights: Numbers | None = None) -> tuple[Numbers, Numbers]:
        """The weight of NSFW and of safe samples with a score of at least each threshold."""
        hits, alarms = self._cumulative(weights)
        number = np.searchsorted(-self.scores, -thresholds, side="right")
        return np.append(0.0, hits)[number], np.append(0.0, alarms)[number]

    def total(self, weights: Numbers | None = None) -> tuple[float, float]:
        """The weight of NSFW and of safe samples."""
        weights = self.weights if weights is None else weights
        return float(weights[self.nsfw].sum()), float(weights[~self.nsfw].sum())

    def areas(self, weights: Numbers | None = None) -> tuple[float, float]:
        """Average precision and ROC AUC, as scikit-learn defines them, for thousands of resamples:
        it would sort each of them anew. NaN where a class has no weight."""
        hits, alarms = (sums[self._ends] for sums in self._cumulative(weights))
        if not (hits[-1] and alarms[-1]):
            return np.nan, np.nan
        with np.errstate(invalid="ignore"):  # what a resample left out at the top
            precision = np.nan_to_num(hits / (hits + alarms))
        recall = np.append(0.0, hits / hits[-1])
        fpr = np.append(0.0, alarms / alarms[-1])
        return (
            float(np.diff(recall) @ precision),
            float(np.diff(fpr) @ (recall[1:] + recall[:-1]) / 2),
        )

    def _cumulative(self, weights: Numbers | None) -> tuple[Numbers, Numbers]:
        weights = self.weights if weights is None else weights
        hits = np.cumsum(np.where(self.nsfw, weights, 0.0))
        alarms = np.cumsum(np.where(self.nsfw, 0.0, weights))
        return hits, alarms
