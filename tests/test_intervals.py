"""The interval of a share."""

import pytest

from django_nsfw.intervals import wilson


@pytest.mark.parametrize(
    ("hits", "trials", "interval"),
    [
        (0, 10, (0.0, 0.2775)),  # Brown, Cai and DasGupta (2001) give these to four places
        (5, 10, (0.2366, 0.7634)),
        (10, 10, (0.7225, 1.0)),
        (1, 1000, (0.0002, 0.0056)),
    ],
)
def test_the_interval_of_wilson(hits, trials, interval):
    low, high = wilson(hits, trials)
    assert (round(low, 4), round(high, 4)) == interval


def test_without_trials_there_is_no_interval():
    assert wilson(0, 0) is None


def test_none_and_all_are_at_the_very_end():
    for trials in range(1, 200):
        assert wilson(0, trials)[0] == 0.0
        assert wilson(trials, trials)[1] == 1.0
