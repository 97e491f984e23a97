import pytest
from django.core.exceptions import ImproperlyConfigured

from django_nsfw.conf import nsfw_settings
from django_nsfw.limits import Limits


def test_defaults_are_those_of_the_design(settings):
    for name in ("NSFW_DETECTORS", "NSFW_FIELDS", "NSFW_POLICY", "NSFW_LIMITS"):
        if hasattr(settings, name):
            delattr(settings, name)
    assert nsfw_settings.detectors["default"] == {
        "BACKEND": "django_nsfw.detectors.timm.TimmDetector",
        "OPTIONS": {"model": "hf_hub:Marqo/nsfw-image-detection-384"},
    }
    assert nsfw_settings.fields == {}
    assert nsfw_settings.policy == {"review": 0.5, "reject": None, "on_error": "hold"}
    assert nsfw_settings.limits == Limits()
    assert (Limits().max_bytes, Limits().max_pixels) == (10_000_000, 50_000_000)
    assert (Limits().max_frames_scored, Limits().timeout) == (16, 10)


def test_settings_are_read_live(settings):
    settings.NSFW_POLICY = {"review": 0.3}
    assert nsfw_settings.policy["review"] == 0.3
    settings.NSFW_LIMITS = {"max_bytes": 5}
    assert nsfw_settings.limits.max_bytes == 5


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("NSFW_POLICY", ["review"], "NSFW_POLICY must be a dictionary, not ['review']."),
        (
            "NSFW_LIMITS",
            {"max_byte": 5},
            "NSFW_LIMITS has no limit 'max_byte'. Valid limits: max_bytes, max_pixels, "
            "max_total_pixels, max_side, max_frames_scored, max_tiles, timeout, max_in_flight.",
        ),
        ("NSFW_LIMITS", {"timeout": 0}, "NSFW_LIMITS 'timeout' must be a number above 0, not 0."),
        (
            "NSFW_LIMITS",
            {"max_bytes": True},
            "NSFW_LIMITS 'max_bytes' must be a number above 0, not True.",
        ),
        (
            "NSFW_LIMITS",
            {"max_frames_scored": 1.5},
            "NSFW_LIMITS 'max_frames_scored' must be a whole number, not 1.5.",
        ),
    ],
    ids=str,
)
def test_a_mistake_names_the_setting_and_the_value(settings, name, value, message):
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured) as error:
        _ = nsfw_settings.limits if name == "NSFW_LIMITS" else nsfw_settings.policy
    assert str(error.value) == message
