import pytest
from django.core.exceptions import ImproperlyConfigured
from PIL import Image

from django_nsfw.detectors import detectors
from django_nsfw.detectors.base import IDENTITY_LENGTH
from django_nsfw.exceptions import DetectorUnavailable

from . import backends
from .test_handler import spec
from .test_membership import cascade, fallback

PICTURE = Image.new("RGB", (8, 8))


def shades(*scores):
    """Pictures to which ``ByBrightness`` gives these scores, to 1/255."""
    return [Image.new("RGB", (8, 8), (round(score * 255),) * 3) for score in scores]


def of(first, second, **options):
    built = cascade(first, second)
    return {**built, "OPTIONS": {**built["OPTIONS"], **options}}


@pytest.fixture
def pair(configure):
    """``pair(threshold=…)``: the first says how bright a picture is, the second how dark."""

    def pair(**options):
        configure(
            default=of("sensitive", "precise", **options),
            sensitive=spec("ByBrightness", name="sensitive", side=384, batch=2),
            precise=spec("ByBrightness", name="precise", side=224, batch=3, inverted=True),
        )
        return detectors["default"]

    return pair


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        pytest.param(0.2, 0.2, id="below the threshold the first one's score stands"),
        pytest.param(0.4, 0.6, id="at the threshold the second one's is taken"),
        pytest.param(0.8, 0.2, id="what the second denies is low again"),
        pytest.param(1.0, 0.0, id="however sure the first is"),
    ],
)
def test_what_the_first_suspects_the_second_confirms(pair, first, expected):
    (scores,) = pair(threshold=0.4).predict(shades(first))

    assert scores.nsfw == expected
    assert scores.labels == {"sfw": 1 - expected, "nsfw": expected}


@pytest.mark.parametrize("limit", [0.4, 0.5, 0.6])
def test_from_the_threshold_on_a_limit_means_what_it_means_on_the_second(pair, limit):
    detector = pair(threshold=0.4)
    pictures = shades(*(n / 20 for n in range(21)))
    first, second = (
        [detectors[alias].predict([picture])[0].nsfw for picture in pictures]
        for alias in ("sensitive", "precise")
    )

    caught = [scores.nsfw >= limit for scores in detector.predict(pictures)]

    assert caught == [a >= 0.4 and b >= limit for a, b in zip(first, second, strict=True)]
    assert 0 < sum(caught) < len(caught)


def test_only_what_is_suspected_goes_to_the_second_and_in_its_batches(pair):
    detector = pair(threshold=0.6)
    scores = [0.8, 0.2, 0.6, 1.0, 0.4, 0.0, 0.8]

    found = [one.nsfw for one in detector.predict(shades(*scores))]

    assert found == [pytest.approx(1 - s if s >= 0.6 else s) for s in scores]
    assert detectors["sensitive"].batches == [2, 2, 2, 1]
    assert detectors["precise"].batches == [3, 1]
    detector.predict(shades(0.2, 0.4))
    assert detectors["precise"].batches == [3, 1]


def test_it_says_what_it_is(pair):
    detector = pair(threshold=0.4)

    assert detector.identity == "cascade [sensitive] from 0.4 [precise]"
    assert (detector.labels, detector.nsfw_labels) == (("sfw", "nsfw"), {"nsfw"})
    assert (detector.input_side, detector.max_batch) == (384, 3)
    assert detector.check() == []
    assert pair().identity == "cascade [sensitive] from 0.5 [precise]"


def test_a_long_identity_is_shortened_and_still_tells_everything_apart(configure):
    def identity(threshold=0.5, precision="fp32"):
        configure(
            default=of("a", "b", threshold=threshold),
            a=spec("Plain", name=f"Marqo/one@0c26ec22111b sha256:{'a' * 64} torch-cpu/{precision}"),
            b=spec("Plain", name=f"somebody/two@{'b' * 12} sha256:{'b' * 120} torch-cpu/fp32"),
        )
        return detectors["default"].identity

    found = identity()

    assert found[:-16] == (
        "cascade [Marqo/one@0c26ec22111b] from 0.5 [somebody/two@bbbbbbbbbbbb] sha256:"
    )
    assert len({found, identity(threshold=0.50000001), identity(precision="bf16")}) == 3
    assert identity() == found


def test_no_identity_is_longer_than_a_scan_keeps(configure):
    names = {alias: spec("Plain", name=alias * 200) for alias in "ab"}
    configure(default=of("a", "b"), **names)

    assert len(detectors["default"].identity) == IDENTITY_LENGTH


def test_a_member_that_cannot_be_had_is_no_score(configure, monkeypatch):
    monkeypatch.setattr(backends.Down, "up", False)
    configure(default=of("a", "b"), a=spec("Plain"), b=spec("Down", name="two"))

    with pytest.raises(DetectorUnavailable) as caught:
        detectors["default"]

    assert str(caught.value) == "'b': two cannot be had."


def test_a_second_that_does_not_answer_is_no_score(pair):
    detector = pair(threshold=0.4)
    detectors["precise"].failing = True

    assert detector.predict(shades(0.2))[0].nsfw == 0.2
    with pytest.raises(DetectorUnavailable) as caught:
        detector.predict(shades(0.2, 0.8))
    assert str(caught.value) == "'precise': precise is down"


def test_a_first_that_does_not_answer_is_no_score(pair):
    detector = pair()
    detectors["sensitive"].failing = True

    with pytest.raises(DetectorUnavailable, match="'sensitive': sensitive is down"):
        detector.predict(shades(0.2))


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

    assert before == "cascade [first] from 0.5 [plain]"
    assert detector.identity == "cascade [second] from 0.5 [plain]"


def test_members_are_the_shared_instances(configure):
    backends.Plain.built = 0
    configure(default=of("a", "b"), a=spec("Plain"), b=spec("Plain"))

    detectors["default"].predict([PICTURE])
    detectors["a"].predict([PICTURE])

    assert backends.Plain.built == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            of("a", "c"),
            "'second' names 'c', which is not configured. Configured: default, a.",
            id="unknown alias",
        ),
        pytest.param(
            of("a", "default"), "'second' goes in a circle: default → default.", id="circle"
        ),
        pytest.param(of("a", "a"), "'first and second' names something twice: a, a.", id="twice"),
        pytest.param(of("a", 5), "'second' must be a string, not 5.", id="no string"),
        pytest.param(
            of("a", "b", threshold=0),
            "'threshold' must be above 0 and at most 1, not 0.",
            id="everything is suspect",
        ),
        pytest.param(
            of("a", "b", threshold=1.5),
            "'threshold' must be above 0 and at most 1, not 1.5.",
            id="nothing can be",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_before_anything_is_loaded(configure, options, message):
    configure(default=options, a=spec("Plain"))

    with pytest.raises(ImproperlyConfigured) as caught:
        detectors["default"]

    assert str(caught.value).startswith(f"NSFW_DETECTORS['default']: {message}")


def test_it_has_no_identity_before_it_is_loaded(configure):
    configure(default=of("a", "b"), a=spec("Plain"), b=spec("Plain"))
    detector = detectors.build("default")

    with pytest.raises(DetectorUnavailable, match="not loaded"):
        detector.identity  # noqa: B018
    with pytest.raises(DetectorUnavailable, match="not loaded"):
        detector.predict([PICTURE])
