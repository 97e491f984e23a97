import math

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_nsfw.detectors import Identity, outputs
from django_nsfw.exceptions import DetectorUnavailable


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["NSFW", "SFW"], {"NSFW"}),
        (["normal", "nsfw"], {"nsfw"}),
        (["drawings", "hentai", "neutral", "porn", "sexy"], {"hentai", "porn"}),
        (["safe", "Not-Safe_For Work"], {"Not-Safe_For Work"}),
    ],
)
def test_well_known_labels_count_unless_told_otherwise(labels, expected):
    assert outputs.nsfw_labels_of("m", labels, ()) == expected


def test_chosen_labels_count_instead():
    assert outputs.nsfw_labels_of("m", ["porn", "sexy"], ("sexy",)) == {"sexy"}


@pytest.mark.parametrize(
    ("labels", "chosen", "message"),
    [
        (
            ["cat", "dog"],
            (),
            "No label of m is known to mean NSFW. Name those that do in the option 'nsfw_labels'. "
            "Its labels: cat, dog.",
        ),
        (
            ["NSFW", "SFW"],
            ("nsfw",),
            "'nsfw_labels' names 'nsfw', which m does not have. Its labels: NSFW, SFW.",
        ),
    ],
)
def test_labels_are_never_guessed(labels, chosen, message):
    with pytest.raises(ImproperlyConfigured) as caught:
        outputs.nsfw_labels_of("m", labels, chosen)
    assert str(caught.value) == message


@pytest.mark.parametrize("value", [math.nan, math.inf, 1.5, -0.5])
def test_what_is_no_probability_is_an_unavailable_detector(value):
    with pytest.raises(DetectorUnavailable, match=r"^m gave an answer that is no score"):
        outputs.scores_of("m", ["a", "b"], {"a"}, [[0.5, 0.5], [value, 0.5]])


@pytest.mark.parametrize(
    ("labels", "counted", "expected"),
    [
        pytest.param(("NSFW", "SFW"), {"NSFW"}, "0", id="the first output"),
        pytest.param(("SFW", "NSFW"), {"NSFW"}, "1", id="the same labels the other way round"),
        pytest.param(("drawing", "porn", "sexy"), {"sexy", "porn"}, "1,2", id="two of three"),
    ],
)
def test_another_choice_of_labels_is_another_identity(labels, counted, expected):
    assert outputs.counting(labels, counted) == expected
    identity = Identity(
        model="m", weights="0" * 64, engine="e", preprocessing="1", counting=expected
    )
    assert str(identity) == f"m sha256:000000000000 e/fp32 pre:1 nsfw:{expected}"
