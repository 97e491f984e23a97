import pytest

from django_nsfw.policy import Action, Policy
from django_nsfw.scores import Assessment, CropScores, Failure, Ground, Scores
from django_nsfw.verdict import Verdict


def assessed(*scores: float, failure: str = "") -> Assessment:
    return Assessment(
        sha256="0" * 64,
        size=1,
        crops=tuple(
            CropScores(
                frame=frame,
                tile=0,
                ground=Ground.OPAQUE,
                scores=Scores(labels={"sfw": 1 - score, "nsfw": score}, nsfw=score),
            )
            for frame, score in enumerate(scores)
        ),
        failure=Failure(code=failure, message="…") if failure else None,
    )


@pytest.mark.parametrize(
    ("options", "score", "verdict"),
    [
        pytest.param({}, 0.49, Verdict.ALLOW, id="below review"),
        pytest.param({}, 0.5, Verdict.REVIEW, id="at review, thresholds are inclusive"),
        pytest.param({}, 1.0, Verdict.REVIEW, id="nothing is rejected unless somebody says so"),
        pytest.param({"reject": 0.9}, 0.89, Verdict.REVIEW, id="between the two"),
        pytest.param({"reject": 0.9}, 0.9, Verdict.REJECT, id="at reject"),
        pytest.param({"review": None, "reject": 0.9}, 0.8, Verdict.ALLOW, id="review switched off"),
        pytest.param({"review": None}, 1.0, Verdict.ALLOW, id="both switched off"),
        pytest.param({"review": 0}, 0.0, Verdict.REVIEW, id="review everything"),
    ],
)
def test_a_score_becomes_a_verdict(options, score, verdict):
    assert Policy.of(options).verdict(assessed(score)) is verdict


def test_the_worst_crop_decides():
    assert Policy().verdict(assessed(0.1, 0.2, 0.8, 0.3)) is Verdict.REVIEW


@pytest.mark.parametrize(
    "assessment",
    [
        pytest.param(assessed(failure="unreadable_image"), id="never scored"),
        pytest.param(assessed(0.0, 0.01, failure="timeout"), id="harmless as far as it was seen"),
        pytest.param(assessed(), id="no crop and no reason"),
    ],
)
def test_what_was_not_scored_whole_is_unknown(assessment):
    assert Policy().verdict(assessment) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("other_files", "failure", "verdict"),
    [
        ("fault", "not_a_picture", Verdict.UNKNOWN),
        ("allow", "not_a_picture", Verdict.ALLOW),
        ("allow", "unsupported_format", Verdict.UNKNOWN),
    ],
)
def test_what_is_no_picture_is_a_fault_or_allowed(other_files, failure, verdict):
    assert Policy.of({"other_files": other_files}).verdict(assessed(failure=failure)) is verdict


@pytest.mark.parametrize(
    ("options", "verdict", "action"),
    [
        ({}, Verdict.ALLOW, Action.PASS),
        ({}, Verdict.REVIEW, Action.HOLD),
        ({}, Verdict.REJECT, Action.HOLD),
        ({}, Verdict.UNKNOWN, Action.HOLD),
        ({"on_review": "flag"}, Verdict.REVIEW, Action.FLAG),
        ({"on_review": "flag"}, Verdict.REJECT, Action.HOLD),
        ({"on_review": "flag"}, Verdict.UNKNOWN, Action.HOLD),
        ({"on_error": "reject"}, Verdict.UNKNOWN, Action.HOLD),
        ({"on_error": "allow"}, Verdict.UNKNOWN, Action.PASS),
        ({"on_error": "allow"}, Verdict.REVIEW, Action.HOLD),
    ],
    ids=str,
)
def test_a_verdict_becomes_an_action(options, verdict, action):
    assert Policy.of(options).action(verdict) is action


@pytest.mark.parametrize(
    ("publish", "action"), [("after_scan", Action.HOLD), ("immediately", Action.PASS)]
)
def test_a_file_without_a_score_yet_is_kept_back_or_published(publish, action):
    assert Policy.of({"publish": publish}).action_until_scored() is action


def test_later_layers_win():
    policy = Policy.of({"review": 0.5, "reject": 0.9}, {"review": 0.3}, {"reject": None})
    assert (policy.review, policy.reject) == (0.3, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"reviw": 0.4},
            "unknown policy key 'reviw'. Valid keys: review, reject, on_error, on_review, "
            "other_files, publish, known, detector, uploader, for_object.",
        ),
        ({"review": "0.4"}, "'review' must be a number from 0 to 1 or None, not '0.4'."),
        ({"review": True}, "'review' must be a number from 0 to 1 or None, not True."),
        ({"reject": 95}, "'reject' must be from 0 to 1, not 95."),
        ({"review": float("nan")}, "'review' must be from 0 to 1, not nan."),
        (
            {"review": 0.5, "reject": 0.4},
            "'reject' (0.4) must not be below 'review' (0.5): nothing would ever reach a "
            "moderator.",
        ),
        ({"on_error": "ignore"}, "'on_error' must be one of hold, reject, allow, not 'ignore'."),
        ({"on_review": None}, "'on_review' must be one of hold, flag, not None."),
        ({"other_files": 1}, "'other_files' must be one of fault, allow, not 1."),
        ({"detector": None}, "'detector' must be a string, not None."),
    ],
    ids=str,
)
def test_a_mistake_names_the_value_and_the_valid_ones(options, message):
    with pytest.raises(ValueError) as error:
        Policy.of(options)
    assert str(error.value) == message
