import dataclasses
import json

import pytest

from django_nsfw.scores import Assessment, CropScores, Failure, Ground, Scores

LABELS = ("drawing", "hentai", "neutral", "porn")


def test_nsfw_is_the_sum_over_the_labels_that_count():
    scores = Scores.of(LABELS, [0.25, 0.125, 0.5, 0.125], {"hentai", "porn"})
    assert scores.nsfw == 0.25
    assert scores.labels == dict(zip(LABELS, [0.25, 0.125, 0.5, 0.125], strict=True))


def test_float_sums_a_little_above_one_are_one():
    assert Scores.of(("a", "b"), [0.6, 0.4000001], {"a", "b"}).nsfw == 1.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -0.1, 1.5])
def test_what_is_no_probability_is_refused(bad):
    with pytest.raises(ValueError, match="not probabilities"):
        Scores.of(("a", "b"), [bad, 0.5], {"a"})


def test_as_many_probabilities_as_labels():
    with pytest.raises(ValueError, match="zip"):
        Scores.of(("a", "b"), [1.0], {"a"})


def test_values_are_frozen():
    scores = Scores.of(("a", "b"), [0.5, 0.5], {"a"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        scores.nsfw = 0.0


def test_an_assessment_survives_json():
    assessment = Assessment(
        sha256="ab" * 32,
        size=12,
        detector="d",
        crops=(
            CropScores(
                frame=3,
                tile=1,
                ground=Ground.WHITE,
                scores=Scores.of(("a", "b"), [0.25, 0.75], {"b"}),
            ),
        ),
        failure=Failure(code="timeout", message="late"),
        format="GIF",
        width=5,
        height=6,
        frames=9,
        ms=1.5,
    )
    assert Assessment.from_json(json.loads(json.dumps(assessment.as_json()))) == assessment
    assert assessment.frames_scored == 1
    assert assessment.nsfw == 0.75
