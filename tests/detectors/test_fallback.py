import pytest
from django.core.exceptions import ImproperlyConfigured
from PIL import Image

from django_nsfw.detectors import detectors, fallback, handler
from django_nsfw.exceptions import DetectorUnavailable

from . import backends
from .test_handler import spec

FALLBACK = "django_nsfw.detectors.fallback.FallbackDetector"
PICTURE = Image.new("RGB", (8, 8))


def fall_back(*aliases):
    return {"BACKEND": FALLBACK, "OPTIONS": {"detectors": list(aliases)}}


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(handler.time, "monotonic", lambda: now[0])
    backends.Down.up = False
    return now


def test_the_first_that_can_be_loaded_answers(configure):
    configure(
        default=fall_back("down", "first", "second"),
        down=spec("Down", name="down"),
        first=spec("Plain", name="first", score=0.25),
        second=spec("Plain", name="second"),
    )
    detector = detectors["default"]

    assert (detector.identity, detector.in_use) == ("first", "first")
    assert detector.labels == ("sfw", "nsfw")
    assert detector.predict([PICTURE])[0].nsfw == 0.25
    assert detectors["first"].identity == "first"


def test_one_that_stops_answering_is_left_and_the_identity_tells(configure, clock):
    configure(
        default=fall_back("first", "second"),
        first=spec("Plain", name="first", score=0.25),
        second=spec("Plain", name="second", score=0.75),
    )
    detector = detectors["default"]
    before = detector.identity
    detectors["first"].failing = True

    assert detector.predict([PICTURE])[0].nsfw == 0.75
    assert (before, detector.identity) == ("first", "second")


def test_the_preferred_one_is_tried_again_later(configure, clock, settings):
    settings.NSFW_LIMITS = {"timeout": 40}
    configure(
        default=fall_back("first", "second"),
        first=spec("Plain", name="first"),
        second=spec("Plain", name="second"),
    )
    detector = detectors["default"]
    detectors["first"].failing = True
    detector.predict([PICTURE])
    detectors["first"].failing = False

    clock[0] += 79  # an assessment that began before may take 40 s, and so may another
    assert detector.identity == "second"
    clock[0] += 2
    assert detector.identity == "first"


def test_one_that_could_not_be_loaded_is_tried_again_later(configure, clock):
    configure(
        default=fall_back("down", "second"),
        down=spec("Down", name="down"),
        second=spec("Plain", name="second"),
    )
    detector = detectors["default"]
    assert detector.identity == "second"
    backends.Down.up = True

    clock[0] += handler.RETRY_AFTER - 1
    assert detector.identity == "second"
    clock[0] += 2
    assert detector.identity == "down"


def test_an_identity_once_left_does_not_come_back_within_an_assessment(configure, clock):
    configure(
        default=fall_back("first", "second"),
        first=spec("Plain", name="first"),
        second=spec("Plain", name="second"),
    )
    detector = detectors["default"]
    detectors["first"].failing = True
    detector.predict([PICTURE])
    detectors["first"].failing = False
    detectors["second"].failing = True

    with pytest.raises(DetectorUnavailable) as caught:
        detector.predict([PICTURE])

    assert str(caught.value) == (
        "None of the detectors can be had. 'first': first is down 'second': second is down"
    )
    assert detector.identity == "second"
    detectors["second"].failing = False
    assert len(detector.predict([PICTURE])) == 1


def test_none_that_can_be_had_names_every_cause(configure):
    configure(
        default=fall_back("one", "two"),
        one=spec("Down", name="one"),
        two=spec("Raising", name="two"),
    )

    with pytest.raises(DetectorUnavailable) as caught:
        detectors["default"]

    assert str(caught.value) == (
        "None of the detectors can be had. 'one': one cannot be had. 'two': NSFW detector 'two' "
        "could not be loaded: RuntimeError: out of luck"
    )


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        pytest.param(
            {"default": fall_back("default")},
            "'detectors' goes in a circle: default → default.",
            id="itself",
        ),
        pytest.param(
            {"default": fall_back("b"), "b": fall_back("c"), "c": fall_back("default")},
            "'detectors' goes in a circle: b → c → default → b.",
            id="a circle of three",
        ),
        pytest.param(
            {"default": fall_back("a", "b"), "a": spec("Plain")},
            "'detectors' names 'b', which is not configured. Configured: default, a.",
            id="unknown alias",
        ),
        pytest.param(
            {"default": fall_back()}, "'detectors' must be a list of strings, not [].", id="none"
        ),
        pytest.param(
            {"default": fall_back("a", "a"), "a": spec("Plain")},
            "'detectors' names something twice: a, a.",
            id="twice",
        ),
        pytest.param(
            {"default": {"BACKEND": FALLBACK, "OPTIONS": {"detectors": "abc"}}},
            "'detectors' must be a list of strings, not 'abc'.",
            id="a string",
        ),
    ],
)
def test_a_mistake_is_refused_before_anything_is_loaded(configure, specs, message):
    configure(**specs)

    with pytest.raises(ImproperlyConfigured) as caught:
        detectors["default"]

    assert str(caught.value) == f"NSFW_DETECTORS['default']: {message}"


def test_it_has_no_identity_before_it_is_loaded(configure):
    configure(default=fall_back("a"), a=spec("Plain"))
    detector = fallback.FallbackDetector(detectors=["a"])

    with pytest.raises(DetectorUnavailable, match="not loaded"):
        detector.identity  # noqa: B018
    assert detector.check() == []
