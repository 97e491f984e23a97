"""How good the scores of one detector are, at every threshold and over all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from ..intervals import wilson
from .calibration import Calibration, calibrate
from .ranking import Numbers, Ranking
from .rates import RATES, AtThreshold, Estimate, rates
from .resampling import between, resampled
from .scoring import Scored

GRID = tuple(step / 100 for step in range(101))
"""Thresholds that every report has, besides those of the site."""

CURVE_POINTS = 200
"""Points that are kept of a curve: more than the pixels of a picture show apart."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """``nsfw``, ``sfw``: samples with a score, by label; ``nsfw_weight``, ``sfw_weight``: what
    they stand for. ``unscored``: samples without a score, which are in no number.

    ``trouble``: why some numbers are not defined, as a sentence. ``curve``: recall and precision,
    from the highest threshold down; empty where it is not defined.
    """

    nsfw: int
    sfw: int
    nsfw_weight: float
    sfw_weight: float
    unscored: int
    trouble: str
    average_precision: Estimate
    roc_auc: Estimate
    thresholds: Sequence[AtThreshold]
    curve: Sequence[tuple[float, float]]
    calibration: Calibration | None

    def at(self, threshold: float) -> AtThreshold:
        return next(each for each in self.thresholds if each.threshold == threshold)


def measure(
    rows: Sequence[Scored], thresholds: Iterable[float], *, weights: Sequence[float] | None = None
) -> Measured:
    """The numbers of ``rows`` at ``thresholds``. ``weights`` replace those of the samples."""
    given = [row.sample.weight for row in rows] if weights is None else list(weights)
    scored = [
        (row, weight) for row, weight in zip(rows, given, strict=True) if row.nsfw is not None
    ]
    ranking = Ranking(
        np.array([row.sample.nsfw for row, _ in scored], bool),
        np.array([row.nsfw for row, _ in scored], float),
        np.array([weight for _, weight in scored], float),
    )
    nsfw = int(ranking.nsfw.sum())
    nsfw_weight, sfw_weight = ranking.total()
    both = bool(nsfw_weight and sfw_weight)
    wanted = np.array(sorted(set(thresholds)), float)
    at_thresholds, areas = _estimates(ranking, wanted, both)
    return Measured(
        nsfw=nsfw,
        sfw=len(ranking) - nsfw,
        nsfw_weight=nsfw_weight,
        sfw_weight=sfw_weight,
        unscored=len(rows) - len(scored),
        trouble=_trouble(nsfw_weight, sfw_weight),
        average_precision=areas[0],
        roc_auc=areas[1],
        thresholds=at_thresholds,
        curve=_curve(ranking) if both else (),
        calibration=calibrate(ranking) if nsfw_weight or sfw_weight else None,
    )


def _trouble(nsfw_weight: float, sfw_weight: float) -> str:
    if nsfw_weight and sfw_weight:
        return ""
    if nsfw_weight:
        return "All pictures here are NSFW: nothing tells how many safe ones would be flagged."
    if sfw_weight:
        return "All pictures here are safe: nothing tells how many NSFW ones would be missed."
    return "No picture here has a score that counts."


def _estimates(
    ranking: Ranking, thresholds: Numbers, both: bool
) -> tuple[list[AtThreshold], tuple[Estimate, Estimate]]:
    nsfw, sfw = ranking.total()
    if not (nsfw or sfw):
        none = {name: Estimate() for name in RATES}
        rest = [
            AtThreshold(threshold=float(each), tp=0, fp=0, tn=0, fn=0, **none)
            for each in thresholds
        ]
        return rest, (Estimate(), Estimate())
    tp, fp = ranking.above(thresholds)
    found, drawn = rates(tp, fp, nsfw, sfw), resampled(ranking, thresholds)
    counted = bool((ranking.weights == 1).all())
    at_thresholds = []
    for at, threshold in enumerate(thresholds):
        hits, alarms = float(tp[at]), float(fp[at])
        passed, missed = sfw - alarms, nsfw - hits
        estimates = {name: between(found[name][at], drawn[name][:, at]) for name in RATES}
        if counted:
            estimates |= _exact(estimates, tp=hits, fp=alarms, tn=passed, fn=missed)
        at_thresholds.append(
            AtThreshold(
                threshold=float(threshold), tp=hits, fp=alarms, tn=passed, fn=missed, **estimates
            )
        )
    if not both:
        return at_thresholds, (Estimate(), Estimate())
    given = {"sample_weight": ranking.weights}
    return at_thresholds, (
        between(
            average_precision_score(ranking.nsfw, ranking.scores, **given),
            drawn["average_precision"],
        ),
        between(roc_auc_score(ranking.nsfw, ranking.scores, **given), drawn["roc_auc"]),
    )


def _exact(
    estimates: dict[str, Estimate], *, tp: float, fp: float, tn: float, fn: float
) -> dict[str, Estimate]:
    """Shares of what was counted, one by one, have an interval that holds for few, too."""
    shares = {
        "accuracy": (tp + tn, tp + fp + tn + fn),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "fpr": (fp, fp + tn),
        "fnr": (fn, tp + fn),
    }
    exact = {}
    for name, (hits, trials) in shares.items():
        if estimates[name].value is not None and (interval := wilson(hits, trials)):
            value, (low, high) = estimates[name].value, interval
            exact[name] = Estimate(value=value, low=low, high=high)
    return exact


def _curve(ranking: Ranking) -> list[tuple[float, float]]:
    precision, recall, _ = precision_recall_curve(
        ranking.nsfw, ranking.scores, sample_weight=ranking.weights
    )
    points = list(zip(recall[::-1].tolist(), precision[::-1].tolist(), strict=True))
    if len(points) <= CURVE_POINTS:
        return points
    kept = np.unique(np.linspace(0, len(points) - 1, CURVE_POINTS).round().astype(int))
    return [points[at] for at in kept]
