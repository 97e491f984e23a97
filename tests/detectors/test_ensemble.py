import math

import pytest
from django.core.exceptions import ImproperlyConfigured
from PIL import Image

from django_nsfw.detectors import detectors
from django_nsfw.detectors.ensemble import calibrated
from django_nsfw.exceptions import DetectorUnavailable

from . import backends
from .test_cascade import shades
from .test_handler import spec
from .test_membership import ensemble, fallback

PICTURE = Image.new("RGB", (8, 8))


def of(*aliases, **options):
    built = ensemble(*aliases)
    return {**built, "OPTIONS": {**built["OPTIONS"], **options}}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, 0.5, id="the mean unless told otherwise"),
        pytest.param({"combine": "max"}, 0.75, id="the highest"),
        pytest.param({"weights": {"b": 3}}, 0.625, id="a weighted mean, others 1"),
        pytest.param({"weights": {"a": 0.5, "b": 1.5}}, 0.625, id="weights need not add up"),
        pytest.param({"thresholds": {"a": 0.125}}, 0.66071, id="calibrated, then the mean"),
        pytest.param(
            {"thresholds": {"a": 0.125, "b": 0.875}, "combine": "max"}, 0.57143, id="and the max"
        ),
    ],
)
def test_scores_are_combined(configure, options, expected):
    configure(
        default=of("a", "b", **options), a=spec("Plain", score=0.25), b=spec("Plain", score=0.75)
    )

    scores = detectors["default"].predict([PICTURE, PICTURE])

    assert [one.nsfw for one in scores] == [pytest.approx(expected, abs=1e-5)] * 2
    assert scores[0].labels == {"sfw": 1 - scores[0].nsfw, "nsfw": scores[0].nsfw}


@pytest.mark.parametrize("threshold", [0.001, 0.1, 0.3, 0.5, 0.62, 0.9, 0.999])
def test_a_calibrated_score_keeps_its_ends_its_order_and_its_threshold(threshold):
    assert (calibrated(0, threshold), calibrated(1, threshold)) == (0, 1)
    assert calibrated(threshold, threshold) == 0.5
    assert calibrated(math.nextafter(threshold, 0), threshold) < 0.5
    steps = [calibrated(n / 1000, threshold) for n in range(1001)]
    assert steps == sorted(steps)


def test_a_threshold_of_a_half_changes_nothing():
    assert [calibrated(n / 64, 0.5) for n in range(65)] == [n / 64 for n in range(65)]


@pytest.mark.parametrize("weights", [{"a": 0.1, "b": 0.7, "c": 0.3}, {"a": 1e-9}, {"b": 1e9}])
def test_members_that_agree_are_not_averaged_into_another_score(configure, weights):
    for score in (0.0, 0.5, 1.0):
        configure(
            default=of("a", "b", "c", weights=weights),
            **{alias: spec("Plain", score=score) for alias in "abc"},
        )
        assert detectors["default"].predict([PICTURE])[0].nsfw == score


def test_each_member_sees_every_picture_in_its_own_batches(configure):
    configure(
        default=of("a", "b"),
        a=spec("ByBrightness", side=384, batch=2),
        b=spec("ByBrightness", side=224, batch=4, inverted=True),
    )
    detector = detectors["default"]

    found = [one.nsfw for one in detector.predict(shades(0, 0.2, 0.4, 0.6, 1))]

    assert found == [pytest.approx(0.5)] * 5
    assert detectors["a"].batches == [2, 2, 1]
    assert detectors["b"].batches == [4, 1]
    assert (detector.input_side, detector.max_batch) == (384, 4)


def test_it_says_what_it_is(configure):
    members = {"a": spec("Plain", name="one"), "b": spec("Plain", name="two")}
    configure(default=of("a", "b", weights={"b": 2}, thresholds={"a": 0.3}), **members)
    detector = detectors["default"]

    assert detector.identity == "ensemble mean [one]×1.0 at 0.3 [two]×2.0 at 0.5"
    assert (detector.labels, detector.nsfw_labels) == (("sfw", "nsfw"), {"nsfw"})

    configure(default=of("a", "b", combine="max"), **members)
    assert detectors["default"].identity == "ensemble max [one]×1.0 at 0.5 [two]×1.0 at 0.5"


def test_a_long_identity_is_shortened(configure):
    names = {alias: f"owner/{alias * 20} sha256:{alias * 60}" for alias in "abc"}
    configure(
        default=of(*"abc"), **{alias: spec("Plain", name=name) for alias, name in names.items()}
    )

    identity = detectors["default"].identity

    assert (
        identity[:-16]
        == "ensemble mean "
        + "".join(f"[owner/{alias * 20}]×1.0 at 0.5 " for alias in "abc")
        + "sha256:"
    )


def test_a_member_that_cannot_be_had_is_no_score_of_the_others(configure, monkeypatch):
    monkeypatch.setattr(backends.Down, "up", False)
    configure(default=of("a", "b"), a=spec("Plain"), b=spec("Down", name="two"))

    with pytest.raises(DetectorUnavailable, match="'b': two cannot be had"):
        detectors["default"]

    monkeypatch.setattr(backends.Down, "up", True)
    detectors.reset()
    detector = detectors["default"]
    detectors["b"].failing = True
    with pytest.raises(DetectorUnavailable, match="'b': two is down"):
        detector.predict([PICTURE])


def test_an_identity_changes_with_that_of_a_member(configure):
    configure(
        default=of("either", "plain"),
        either=fallback("first", "second"),
        first=spec("Plain", name="first"),
        second=spec("Plain", name="second"),
        plain=spec("Plain"),
    )
    detector = detectors["default"]
    before = detector.identity
    detectors["first"].failing = True
    detector.predict([PICTURE])

    assert before == "ensemble mean [first]×1.0 at 0.5 [plain]×1.0 at 0.5"
    assert detector.identity == "ensemble mean [second]×1.0 at 0.5 [plain]×1.0 at 0.5"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(of("a"), "'detectors' must name two aliases or more, not ['a'].", id="one"),
        pytest.param(
            of("a", "c"),
            "'detectors' names 'c', which is not configured. Configured: default, a, b.",
            id="unknown alias",
        ),
        pytest.param(of("a", "default"), "'detectors' goes in a circle: default → default.",
                     id="circle"),
        pytest.param(
            of("a", "b", combine="min"),
            "'combine' is 'min', which is none of: mean, max.",
            id="unknown combination",
        ),
        pytest.param(
            of("a", "b", combine="max", weights={"a": 2}),
            "'weights' are for 'combine' = 'mean'. Leave them out.",
            id="weights of a maximum",
        ),
        pytest.param(
            of("a", "b", weights=[1, 2]),
            "'weights' must be a dictionary, not [1, 2].",
            id="weights in a list",
        ),
        pytest.param(
            of("a", "b", weights={"c": 2}),
            "'weights' names 'c', which is none of: a, b.",
            id="weight of nobody",
        ),
        pytest.param(
            of("a", "b", weights={"a": 0}),
            "'weights' must be numbers above 0, not 0.",
            id="no weight",
        ),
        pytest.param(
            of("a", "b", thresholds={"a": 1}),
            "'thresholds' must be below 1, not 1.",
            id="threshold that nothing passes",
        ),
        pytest.param(
            of("a", "b", thresholds={"a": "high"}),
            "'thresholds' must be above 0 and at most 1, not 'high'.",
            id="threshold in words",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_before_anything_is_loaded(configure, options, message):
    configure(default=options, a=spec("Plain"), b=spec("Plain"))

    with pytest.raises(ImproperlyConfigured) as caught:
        detectors["default"]

    assert str(caught.value) == f"NSFW_DETECTORS['default']: {message}"
