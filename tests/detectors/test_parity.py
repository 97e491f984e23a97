import pytest

from django_nsfw.detectors.parity import Parity
from django_nsfw.exceptions import ExportRefused
from django_nsfw.scores import Scores


def scores(*values):
    return [Scores.of(("nsfw", "sfw"), (value, 1 - value), {"nsfw"}) for value in values]


def parity(found, reference, *, configured=None, thresholds=(0.5,), independent=False):
    return Parity.of(
        found=[scores(*values) for values in found],
        reference=scores(*reference),
        configured=scores(*configured or reference),
        thresholds=thresholds,
        independent=independent,
    )


def test_the_largest_difference_of_every_way_counts():
    found = parity([(0.2, 0.7), (0.2, 0.72)], (0.2, 0.7))

    assert found.pictures == 2
    assert found.difference == pytest.approx(0.02)
    assert found.as_configured == found.difference


def test_verdicts_are_those_of_the_detector_as_it_is():
    found = parity([(0.2, 0.501)], (0.2, 0.501), configured=(0.2, 0.499), thresholds=(0.9, 0.5))

    assert found.difference == 0
    assert found.as_configured == pytest.approx(0.002)
    assert [(at.threshold, at.changed) for at in found.thresholds] == [(0.5, 1), (0.9, 0)]
    assert [at.closest for at in found.thresholds] == pytest.approx([0.001, 0.401])


@pytest.mark.parametrize("score", [0.001, 0.03, 0.5, 0.97])
def test_how_far_a_score_at_the_threshold_may_move_does_not_depend_on_where_the_pictures_are(score):
    odds = 1.5 * score / (1 - score)

    (at,) = parity([(odds / (1 + odds),)], (score,), thresholds=(0.5,)).thresholds

    assert at.shift == pytest.approx(0.1)  # 1.5 to 1 is 0.6


def test_the_farther_of_both_ways_counts():
    (at,) = parity([(0.02,)], (0.01,), thresholds=(0.95,)).thresholds

    assert at.shift == pytest.approx(0.95 - 1 / (1 + 0.05 / 0.95 * (0.02 / 0.98) / (0.01 / 0.99)))


@pytest.mark.parametrize("label", ["nsfw", "sfw"])
def test_scores_near_0_and_1_tell_as_much_as_others(label):
    small = Scores(
        labels={"nsfw": 1.0, "sfw": 1.0, label: 2e-9}, nsfw=2e-9 if label == "nsfw" else 1
    )
    smaller = Scores(
        labels={"nsfw": 1.0, "sfw": 1.0, label: 1e-9}, nsfw=1e-9 if label == "nsfw" else 1
    )

    (at,) = Parity.of(
        found=[[small]], reference=[smaller], configured=[smaller], thresholds=[0.5]
    ).thresholds

    assert at.shift == pytest.approx(2 / 3 - 0.5)


@pytest.mark.parametrize("saturated", [(0.0, 1e-7), (1e-9, 0.0), (1.0, 0.9999999)])
def test_what_float32_has_no_digits_for_moves_nothing(saturated):
    one, other = saturated

    (at,) = parity([(one,)], (other,), independent=True).thresholds

    assert at.shift == pytest.approx(0, abs=1e-7)


def test_labels_that_do_not_exclude_each_other_say_nothing_of_each_other():
    before, after = (
        Scores.of(("nsfw", "sfw"), (nsfw, sfw), {"nsfw"}) for nsfw, sfw in ((0.4, 0.1), (0.5, 0.9))
    )

    (at,) = Parity.of(
        found=[[after]], reference=[before], configured=[before], thresholds=[0.4], independent=True
    ).thresholds

    assert at.shift == pytest.approx(0.1)  # as of the one picture


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_no_score_crosses_the_ends_of_the_scale(threshold):
    (at,) = parity([(0.2,)], (0.1,), thresholds=(threshold,)).thresholds

    assert at.shift == 0


@pytest.mark.parametrize(
    ("found", "reference", "precision", "message"),
    [
        pytest.param(
            (0.2, 0.7002), (0.2, 0.7), "fp32",
            "No file was written: the scores of the exported model differ from the original's by "
            "up to 2.0e-04, more than 1e-04. Try other releases of torch and onnxruntime.",
            id="scores",
        ),
        pytest.param(
            (0.2, 0.49999), (0.2, 0.50001), "fp32",
            "No file was written: at the threshold 0.5 the verdict on 1 of 2 pictures would be "
            "another one at fp32. Scores differ by up to 2.0e-05: take a threshold that no "
            "picture is so close to.",
            id="a verdict at full precision",
        ),
        pytest.param(
            (0.6, 0.6), (0.4, 0.4), "int8",
            "No file was written: at the threshold 0.5 the verdict on 2 of 2 pictures would be "
            "another one at int8. Scores differ by up to 2.0e-01: take a higher precision, or a "
            "threshold that no picture is so close to.",
            id="verdicts",
        ),
        pytest.param(
            (0.002, 0.003), (0.001, 0.003), "fp16",
            "No file was written: at fp16 a score at the threshold 0.5 may move by 0.17, more than "
            "0.1. Take a higher precision.",
            id="far from the threshold, but far in odds",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(found, reference, precision, message):
    with pytest.raises(ExportRefused) as caught:
        parity([found], reference).refuse(precision)

    assert str(caught.value) == message


def test_a_verdict_that_changes_with_how_pictures_are_resized_says_so():
    with pytest.raises(ExportRefused) as caught:
        parity([(0.2, 0.501)], (0.2, 0.501), configured=(0.2, 0.499)).refuse("int8")

    assert str(caught.value).endswith(
        "Scores differ by up to 2.0e-03 (0.0e+00 where Pillow resizes for the original, too): take "
        "a higher precision, or a threshold that no picture is so close to."
    )


@pytest.mark.parametrize(
    ("found", "reference", "precision"),
    [
        pytest.param((0.2, 0.70009), (0.2, 0.7), "fp32", id="full precision"),
        pytest.param((0.00001, 0.3), (0.0001, 0.3), "fp32", id="odds of small scores"),
        pytest.param((0.23, 0.71), (0.2, 0.7), "int8", id="a lower precision"),
    ],
)
def test_what_is_good_enough(found, reference, precision):
    parity([found], reference).refuse(precision)


def test_without_thresholds_scores_alone_are_compared():
    found = parity([(0.2,)], (0.2,), thresholds=())

    found.refuse("fp32")
    assert found.thresholds == ()
