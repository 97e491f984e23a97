import numpy as np
import pytest

from django_nsfw.training.gathering import Gathered
from django_nsfw.training.measuring import Measured, evaluate, measure

from .conftest import sample

pytestmark = pytest.mark.torch

PICTURES = [
    Gathered(sample=sample(str(place), nsfw=place < 2, body=b"", weight=7.0), sha256="", pdq="")
    for place in range(4)
]
SCORES = [0.9, 0.5, 0.6, 0.1]


def test_the_numbers_of_four_pictures():
    assert measure(PICTURES, SCORES) == Measured(
        loss=pytest.approx(-np.log([0.9, 0.5, 0.4, 0.9]).mean()),
        accuracy=0.75,
        average_precision=pytest.approx(0.5 * 1 + 0.5 * 2 / 3),
        roc_auc=0.75,
    )


def test_the_card_has_those_that_a_report_has_each_picture_counting_once():
    found, quick = evaluate(PICTURES, SCORES), measure(PICTURES, SCORES)

    at = found.at(0.5)
    assert (at.tp, at.fp, at.tn, at.fn) == (2, 1, 1, 0)
    assert (at.accuracy.value, at.recall.value) == (quick.accuracy, 1.0)
    assert at.accuracy.low < 0.75 < at.accuracy.high
    assert found.average_precision.value == pytest.approx(quick.average_precision)
    assert found.roc_auc.value == pytest.approx(quick.roc_auc)
    assert [each.threshold for each in found.thresholds][:2] == [0.05, 0.1]
