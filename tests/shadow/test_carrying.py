"""Thresholds by quantile: tables, ties, and how often an interval holds what it should."""

import random

import pytest

from django_nsfw.shadow.carrying import Carried, carry, quantile, spearman


def scores(pairs, threshold):
    found = carry(pairs, threshold)
    return found.new, found.above, found.kept


TEN = [(n / 10, n / 100) for n in range(10)]
"""The second one says a tenth of what the first one says."""

CASES = {
    "the same order": (TEN, 0.5, (0.045, 5, 5)),
    "of one picture": (TEN, 0.9, (0.085, 1, 1)),
    "of all": (TEN, 0.0, (0.0, 10, 10)),
    "of all but one": (TEN, 0.05, (0.01, 9, 9)),
    "of all, by a threshold above 0": ([(0.3, 0.4), (0.6, 0.8)], 0.2, (0.2, 2, 2)),
    "of all, one of them at 0": ([(0.3, 0.0), (0.6, 0.8)], 0.2, (0.0, 2, 2)),
    "of none": (TEN, 0.95, (None, 0, 0)),
    "without pictures": ([], 0.5, (None, 0, 0)),
    "another order": ([(0.9, 0.1), (0.8, 0.2), (0.1, 0.9)], 0.5, (0.2, 2, 2)),
    "a threshold is reached by what equals it": ([(0.5, 0.7), (0.4, 0.3)], 0.5, (0.5, 1, 1)),
    "as few digits as can be": ([(0.9, 0.8), (0.1, 0.2)], 0.5, (0.5, 1, 1)),
    "as many digits as it takes": (
        [(0.9, 0.7000002), (0.1, 0.7000001)], 0.5, (0.70000015, 1, 1)),
    "equal scores, the cut above them is nearer": (
        [(0.9, 0.9), (0.8, 0.9), (0.7, 0.5), (0.1, 0.5), (0.1, 0.5), (0.1, 0.5)], 0.5, (0.7, 3, 2)),
    "equal scores, the cut below them is nearer": (
        [(0.9, 0.9), (0.8, 0.5), (0.7, 0.5), (0.1, 0.5), (0.1, 0.1)], 0.5, (0.5, 3, 4)),
    "equal scores, both cuts are as near": (
        [(0.9, 0.9), (0.8, 0.5), (0.1, 0.5), (0.1, 0.1)], 0.5, (0.5, 2, 3)),
    "nothing but equal scores": ([(0.9, 0.5), (0.1, 0.5), (0.1, 0.5)], 0.5, (0.5, 1, 3)),
}  # fmt: skip


@pytest.mark.parametrize(("pairs", "threshold", "expected"), CASES.values(), ids=CASES)
def test_as_many_pictures_reach_the_new_threshold(pairs, threshold, expected):
    assert scores(pairs, threshold) == expected
    for seed in range(3):  # whatever the order in which they came
        assert scores(random.Random(seed).sample(pairs, len(pairs)), threshold) == expected


def test_every_cut_keeps_what_it_says():
    rng = random.Random(11)
    for _ in range(300):
        pairs = [
            (round(rng.random(), rng.choice((1, 3))), round(rng.random(), rng.choice((1, 3))))
            for _ in range(rng.randrange(1, 40))
        ]
        found = carry(pairs, rng.choice((0.1, 0.5, 0.73)))
        assert found.above == sum(old >= found.old for old, _ in pairs)
        if found.new is None:
            assert found.above == 0
        else:
            assert sum(new >= found.new for _, new in pairs) == found.kept
            for other in {new for _, new in pairs}:  # no other cut is nearer
                kept = sum(new >= other for _, new in pairs)
                assert abs(kept - found.above) >= abs(found.kept - found.above)
            assert found.low <= found.new <= found.high


def test_a_detector_in_place_of_itself_keeps_its_thresholds_within_the_next_scores():
    rng = random.Random(5)
    pairs = [(score, score) for score in (rng.random() for _ in range(5000))]
    found = carry(pairs, 0.5)
    assert (found.above, found.kept, found.few) == (2482, 2482, False)
    assert found.new == pytest.approx(0.5, abs=0.001)
    assert 0.499 < found.low < found.new < found.high < 0.501


@pytest.mark.parametrize(
    ("above", "below", "few"), [(30, 30, False), (29, 500, True), (500, 29, True), (0, 0, True)]
)
def test_few_pictures_on_one_side_are_said(above, below, few):
    found = carry([(0.9, 0.9)] * above + [(0.1, 0.1)] * below, 0.5)
    assert found.few is few


def test_without_a_picture_above_it_the_threshold_is_above_nearly_all():
    found = carry([(0.1, n / 1000) for n in range(1000)], 0.5)
    assert found == Carried(
        old=0.5, new=None, low=0.996, high=1.0, pairs=1000, above=0, kept=0
    )  # fmt: skip
    assert found.share == 0.0


@pytest.mark.parametrize(
    ("noise", "most"),
    [(0.02, 1.0), (0.2, 0.98), (2.0, 0.98)],
    ids=["alike", "related", "hardly related"],
)
def test_the_interval_holds_the_true_threshold_in_95_of_100_samples(noise, most):
    """And in more, where the two are so much alike that next to nothing tells them apart.

    Both scores follow a picture's hidden quality; of the second one the true threshold of the same
    share is known, because its distribution is.
    """
    rng = random.Random(3)

    def sample(number):
        made = []
        for _ in range(number):
            hidden = rng.gauss(0, 1)
            made.append((hidden, hidden + rng.gauss(0, noise)))
        return made

    # P(hidden >= 1) = 0.158655; the sum is normal with variance 1 + noise².
    true, low_of_all, trials = (1 + noise * noise) ** 0.5, -20.0, 400

    def to_unit(value):
        return (value - low_of_all) / 40

    held = 0
    for _ in range(trials):
        found = carry([(to_unit(old), to_unit(new)) for old, new in sample(300)], to_unit(1.0))
        held += found.low < to_unit(true) <= found.high
    assert 0.92 <= held / trials <= most


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (TEN, 1.0),
        ([(a, -b) for a, b in TEN], -1.0),
        ([(1, 1), (2, 3), (3, 2), (4, 5), (5, 4)], 0.8),
        ([(1, 1), (2, 2), (2, 3), (3, 4)], 0.948683),  # equal ones have the mean of their ranks
        ([(1, 1), (1, 2)], None),
        ([(1, 1)], None),
        ([], None),
    ],
)
def test_the_correlation_of_ranks(pairs, expected):
    found = spearman(pairs)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-6))


@pytest.mark.parametrize(("share", "score"), [(0.1, 9), (0.5, 5), (1.0, 0), (0.001, 9)])
def test_quantiles(share, score):
    assert quantile(list(range(10)), share) == score
