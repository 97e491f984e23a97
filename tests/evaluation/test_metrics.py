"""The numbers: counted by hand, and as scikit-learn counts them."""

import numpy as np
import pytest
from sklearn import metrics as sklearn
from sklearn.calibration import calibration_curve

from django_nsfw.evaluation.metrics import CURVE_POINTS, GRID, measure
from django_nsfw.evaluation.ranking import Ranking
from django_nsfw.evaluation.rates import RATES, UNKNOWN
from django_nsfw.intervals import wilson
from tests.evaluation.rows import hand, scored


def draw(number=400, *, weighted=False, seed=3):
    """Labels, scores with many ties, and weights."""
    rng = np.random.default_rng(seed)
    nsfw = rng.random(number) < 0.3
    scores = np.clip(rng.normal(np.where(nsfw, 0.62, 0.35), 0.2), 0, 1).round(2)
    weights = rng.choice([0.5, 1.0, 7.25], number) if weighted else np.ones(number)
    return nsfw, scores, weights


def drawn(number=400, *, weighted=False):
    """The same, and rows of them."""
    nsfw, scores, weights = draw(number, weighted=weighted)
    rows = [
        scored(bool(label), float(score), weight=float(weight))
        for label, score, weight in zip(nsfw, scores, weights, strict=True)
    ]
    return nsfw, scores, weights, rows


def test_by_hand():
    found = measure(hand(), [0.5, 0.0, 1.0])
    at = found.at(0.5)
    assert (at.tp, at.fp, at.tn, at.fn) == (2, 1, 3, 1)
    assert {name: getattr(at, name).value for name in RATES} == pytest.approx(
        {
            "accuracy": 5 / 7,
            "precision": 2 / 3,
            "recall": 2 / 3,
            "f1": 2 / 3,
            "fpr": 1 / 4,
            "fnr": 1 / 3,
        }
    )
    assert found.average_precision.value == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert found.roc_auc.value == pytest.approx(11 / 12)
    assert (found.nsfw, found.sfw, found.unscored, found.trouble) == (3, 4, 0, "")
    assert [each.threshold for each in found.thresholds] == [0.0, 0.5, 1.0]
    every = found.at(0.0)
    assert (every.tp, every.fp, every.tn, every.fn) == (3, 4, 0, 0)
    none = found.at(1.0)
    assert (none.tp, none.fp, none.tn, none.fn) == (0, 0, 4, 3)
    assert none.precision == UNKNOWN
    assert none.f1.value == 0


def test_a_score_of_the_threshold_counts_as_nsfw():
    at = measure(hand(), [0.7]).at(0.7)
    assert (at.tp, at.fp) == (2, 1)


def test_weights_are_what_samples_stand_for():
    rows = [scored(nsfw, score, weight=10 if score < 0.5 else 1) for nsfw, score in
            [(True, 0.9), (True, 0.4), (False, 0.7), (False, 0.1)]]  # fmt: skip
    found = measure(rows, [0.5])
    at = found.at(0.5)
    assert (at.tp, at.fp, at.tn, at.fn) == (1, 1, 10, 10)
    assert at.recall.value == pytest.approx(1 / 11)
    assert at.accuracy.value == pytest.approx(11 / 22)
    assert (found.nsfw, found.nsfw_weight, found.sfw_weight) == (2, 11, 11)
    alone = measure(rows, [0.5], weights=[1, 1, 1, 1]).at(0.5)
    assert (alone.tp, alone.fp, alone.tn, alone.fn) == (1, 1, 1, 1)


@pytest.mark.parametrize("weighted", [False, True])
def test_as_scikit_learn_counts(weighted):
    nsfw, scores, weights, rows = drawn(weighted=weighted)
    found = measure(rows, GRID)
    given = {"sample_weight": weights}
    assert found.average_precision.value == pytest.approx(
        sklearn.average_precision_score(nsfw, scores, **given), abs=1e-12
    )
    assert found.roc_auc.value == pytest.approx(
        sklearn.roc_auc_score(nsfw, scores, **given), abs=1e-12
    )
    assert found.calibration.brier == pytest.approx(
        sklearn.brier_score_loss(nsfw, scores, **given), abs=1e-12
    )
    assert len(found.thresholds) == len(GRID)
    for at in found.thresholds:
        flagged = scores >= at.threshold
        tn, fp, fn, tp = sklearn.confusion_matrix(nsfw, flagged, **given).ravel()
        assert (at.tn, at.fp, at.fn, at.tp) == pytest.approx((tn, fp, fn, tp))
        expected = {
            "accuracy": sklearn.accuracy_score(nsfw, flagged, **given),
            "recall": sklearn.recall_score(nsfw, flagged, **given),
            "f1": sklearn.f1_score(nsfw, flagged, **given),
        }
        if flagged.any():
            expected["precision"] = sklearn.precision_score(nsfw, flagged, **given)
        assert {name: getattr(at, name).value for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_resample_is_measured_as_scikit_learn_would(weighted):
    nsfw, scores, weights, _ = drawn(weighted=weighted)
    ranking = Ranking(nsfw, scores, weights)
    times = np.random.default_rng(5).integers(0, 3, len(nsfw))
    times[:40] = 0  # the highest scores, all of which fall out
    given = {"sample_weight": ranking.weights * times}
    assert ranking.areas(ranking.weights * times) == pytest.approx(
        (
            sklearn.average_precision_score(ranking.nsfw, ranking.scores, **given),
            sklearn.roc_auc_score(ranking.nsfw, ranking.scores, **given),
        ),
        abs=1e-12,
    )


def test_shares_of_what_is_counted_have_the_interval_of_wilson():
    at = measure(hand(), [0.5]).at(0.5)
    for name, hits, trials in [
        ("accuracy", 5, 7), ("precision", 2, 3), ("recall", 2, 3), ("fpr", 1, 4), ("fnr", 1, 3),
    ]:  # fmt: skip
        found = getattr(at, name)
        assert (found.low, found.high) == pytest.approx(wilson(hits, trials)), name


def test_intervals_of_resamples_are_the_same_each_time_and_hold_the_number():
    _, _, _, rows = drawn(weighted=True)
    first, second = (measure(rows, [0.5]) for _ in range(2))
    assert first == second
    for found in (first.average_precision, first.roc_auc, first.at(0.5).f1, first.at(0.5).recall):
        assert found.low < found.value < found.high
        assert 0.02 < found.high - found.low < 0.3


def test_the_interval_of_f1_is_near_that_of_many_draws():
    """Of 200 other draws from the same source about nineteen of twenty lie in it."""
    _, _, _, rows = drawn(1000)
    found = measure(rows, [0.5]).at(0.5).f1
    others = []
    for seed in range(100, 300):
        nsfw, scores, _ = draw(1000, seed=seed)
        flagged = scores >= 0.5
        others.append(2 * (nsfw & flagged).sum() / (nsfw.sum() + flagged.sum()))
    low, high = np.percentile(others, [2.5, 97.5])
    assert found.high - found.low == pytest.approx(high - low, rel=0.2)


@pytest.mark.parametrize(
    ("rows", "trouble", "known"),
    [
        (
            [scored(False, 0.1), scored(False, 0.7)],
            "All pictures here are safe: nothing tells how many NSFW ones would be missed.",
            {"accuracy": 0.5, "fpr": 0.5},
        ),
        (
            [scored(True, 0.1), scored(True, 0.7)],
            "All pictures here are NSFW: nothing tells how many safe ones would be flagged.",
            {"accuracy": 0.5, "recall": 0.5, "fnr": 0.5},
        ),
        ([scored(True, None)], "No picture here has a score that counts.", {}),
        ([scored(True, 0.5, weight=0.0)], "No picture here has a score that counts.", {}),
        ([], "No picture here has a score that counts.", {}),
    ],
    ids=["safe", "NSFW", "no score", "no weight", "nothing"],
)
def test_one_class_gives_a_sentence_in_place_of_numbers(rows, trouble, known):
    found = measure(rows, [0.5])
    assert found.trouble == trouble
    assert (found.average_precision, found.roc_auc, found.curve) == (UNKNOWN, UNKNOWN, ())
    at = found.at(0.5)
    assert {n: v for n in RATES if (v := getattr(at, n).value) is not None} == known


def test_what_has_no_score_is_in_no_number():
    rows = [*hand(), scored(True, None), scored(False, None)]
    found = measure(rows, [0.5])
    assert found.unscored == 2
    assert found.at(0.5) == measure(hand(), [0.5]).at(0.5)


def test_a_long_curve_keeps_its_ends():
    nsfw, _, _, rows = drawn(4000)
    rows = [scored(row.sample.nsfw, row.nsfw * 0.99 + n * 1e-7) for n, row in enumerate(rows)]
    curve = measure(rows, [0.5]).curve
    assert len(curve) == CURVE_POINTS
    assert curve[0] == (0.0, 1.0)
    assert curve[-1] == (1.0, pytest.approx(nsfw.mean()))
    assert [recall for recall, _ in curve] == sorted(recall for recall, _ in curve)


def test_calibration_by_hand():
    rows = [
        *[scored(n < 3, 0.72) for n in range(4)],  # 0.72 said, 0.75 true
        *[scored(n < 1, 0.05) for n in range(6)],  # 0.05 said, 1 / 6 true
    ]
    found = measure(rows, [0.5]).calibration
    assert [(b.begin, b.end, b.number, b.weight) for b in found.bins] == [
        (0.0, 0.1, 6, 6.0),
        (0.7, 0.8, 4, 4.0),
    ]
    assert [b.mean for b in found.bins] == pytest.approx([0.05, 0.72])
    assert [b.share.value for b in found.bins] == pytest.approx([1 / 6, 0.75])
    assert (found.bins[1].share.low, found.bins[1].share.high) == pytest.approx(wilson(3, 4))
    assert found.ece == pytest.approx((6 * (1 / 6 - 0.05) + 4 * (0.75 - 0.72)) / 10)


def test_bins_are_those_of_scikit_learn():
    nsfw, scores, _, rows = drawn(2000)
    scores = scores + 0.001  # on the edges between bins it decides in another way
    rows = [scored(bool(n), min(float(s), 1.0)) for n, s in zip(nsfw, scores, strict=True)]
    bins = measure(rows, [0.5]).calibration.bins
    share, mean = calibration_curve(nsfw, np.minimum(scores, 1), n_bins=10)
    assert [b.share.value for b in bins] == pytest.approx(list(share))
    assert [b.mean for b in bins] == pytest.approx(list(mean))


def test_scores_of_one_are_in_the_last_bin():
    found = measure([scored(True, 1.0), scored(False, 0.0)], [0.5]).calibration
    assert [(b.begin, b.end) for b in found.bins] == [(0.0, 0.1), (0.9, 1.0)]
    assert (found.ece, found.brier) == (0.0, 0.0)


def test_bins_of_weights_have_the_interval_of_fewer_samples():
    even = measure([scored(n % 2 == 0, 0.5) for n in range(20)], [0.5]).calibration.bins[0]
    uneven = measure(
        [scored(n % 2 == 0, 0.5, weight=9.0 if n < 2 else 1.0) for n in range(20)], [0.5]
    ).calibration.bins[0]
    assert even.share.value == uneven.share.value == 0.5
    assert uneven.share.high - uneven.share.low > 1.3 * (even.share.high - even.share.low)
