import numpy as np
import pytest

from django_nsfw.training.measuring import Measured, measured

pytestmark = pytest.mark.torch


def test_the_numbers_of_four_pictures():
    found = measured(np.array([True, True, False, False]), np.array([0.9, 0.5, 0.6, 0.1]))

    assert found.accuracy == 0.75
    assert found.roc_auc == 0.75
    assert found.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert found.loss == pytest.approx(-np.log([0.9, 0.5, 0.4, 0.9]).mean())
    rows = {row.threshold: (row.accuracy, row.precision, row.recall) for row in found.thresholds}
    assert rows[0.5] == (0.75, pytest.approx(2 / 3), 1.0)
    assert rows[0.7] == (0.75, 1.0, 0.5)
    assert rows[0.95] == (0.5, 1.0, 0.0)
    assert Measured.from_json(found.as_json()) == found
