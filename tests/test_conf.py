from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_nsfw.conf import nsfw_settings
from django_nsfw.configured import Review, Shadow
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
    assert nsfw_settings.policy == {
        "review": 0.5,
        "reject": None,
        "on_error": "hold",
        "publish": "after_scan",
    }
    assert nsfw_settings.runner == "django_nsfw.runners.inline.InlineRunner"
    assert nsfw_settings.background.lease == timedelta(minutes=2)
    assert nsfw_settings.background.deadline == timedelta(hours=1)
    assert nsfw_settings.limits == Limits()
    assert nsfw_settings.review == Review(
        blur=2,
        greyscale=True,
        muted=True,
        reveals_a_day=None,
        claim=timedelta(minutes=5),
        explain=True,
        quality_share=0,
        base_url="",
    )
    assert nsfw_settings.shadow is None
    assert (Limits().max_bytes, Limits().max_pixels) == (10_000_000, 50_000_000)
    assert (Limits().max_frames_scored, Limits().timeout) == (16, 10)


def test_settings_are_read_live(settings):
    settings.NSFW_POLICY = {"review": 0.3}
    assert nsfw_settings.policy["review"] == 0.3
    settings.NSFW_SHADOW = {"detector": "candidate"}
    assert nsfw_settings.shadow == Shadow(detector="candidate", share=0.05)
    settings.NSFW_LIMITS = {"max_bytes": 5}
    assert nsfw_settings.limits.max_bytes == 5


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("NSFW_RUNNER", "Inline", "NSFW_RUNNER must be the dotted path of a runner, not 'Inline'."),
        (
            "NSFW_BACKGROUND",
            {"leash": 5},
            "NSFW_BACKGROUND has no key 'leash'. Valid keys: lease, deadline, queue.",
        ),
        (
            "NSFW_BACKGROUND",
            {"lease": "1h"},
            "NSFW_BACKGROUND 'lease' must be seconds above 0, not '1h'.",
        ),
        ("NSFW_BACKGROUND", {"queue": 1}, "NSFW_BACKGROUND 'queue' must be a name, not 1."),
        (
            "NSFW_BACKGROUND",
            {"lease": 10},
            "NSFW_BACKGROUND 'lease' (10 s) must be above the timeout of one image in NSFW_LIMITS "
            "(10 s): a slow worker would be taken for dead.",
        ),
        (
            "NSFW_BACKGROUND",
            {"deadline": 60},
            "NSFW_BACKGROUND 'deadline' (60 s) must not be below 'lease' (120 s): no worker could "
            "be replaced in time.",
        ),
        ("NSFW_POLICY", ["review"], "NSFW_POLICY must be a dictionary, not ['review']."),
        (
            "NSFW_LIMITS",
            {"max_byte": 5},
            "NSFW_LIMITS has no limit 'max_byte'. Valid limits: max_bytes, max_pixels, "
            "max_total_pixels, max_side, max_frames_scored, max_tiles, timeout, max_in_flight, "
            "max_pixels_in_flight.",
        ),
        (
            "NSFW_REVIEW",
            {"animate": True},
            "NSFW_REVIEW has no key 'animate'. Valid keys: blur, greyscale, muted, "
            "reveals_a_day, claim_minutes, explain, quality_share, base_url.",
        ),
        ("NSFW_REVIEW", {"blur": True}, "NSFW_REVIEW 'blur' must be 1, 2 or 3, not True."),
        (
            "NSFW_REVIEW",
            {"greyscale": 1},
            "NSFW_REVIEW 'greyscale' must be True or False, not 1.",
        ),
        (
            "NSFW_REVIEW",
            {"explain": 5},
            "NSFW_REVIEW 'explain' must be True or False, not 5.",
        ),
        (
            "NSFW_REVIEW",
            {"muted": "yes"},
            "NSFW_REVIEW 'muted' must be True or False, not 'yes'.",
        ),
        (
            "NSFW_REVIEW",
            {"reveals_a_day": 0},
            "NSFW_REVIEW 'reveals_a_day' must be a whole number above 0, or None, not 0.",
        ),
        (
            "NSFW_REVIEW",
            {"quality_share": 1.5},
            "NSFW_REVIEW 'quality_share' must be a number from 0 to 1, not 1.5.",
        ),
        (
            "NSFW_REVIEW",
            {"quality_share": True},
            "NSFW_REVIEW 'quality_share' must be a number from 0 to 1, not True.",
        ),
        (
            "NSFW_REVIEW",
            {"base_url": "example.org"},
            "NSFW_REVIEW 'base_url' must be an address such as https://example.org, not "
            "'example.org'.",
        ),
        (
            "NSFW_WEBHOOKS",
            "https://example.org",
            "NSFW_WEBHOOKS must be a list of endpoints, not 'https://example.org'.",
        ),
        (
            "NSFW_SHADOW",
            {"alias": "candidate"},
            "NSFW_SHADOW has no key 'alias'. Valid keys: detector, share.",
        ),
        (
            "NSFW_SHADOW",
            {"share": 0.5},
            "NSFW_SHADOW 'detector' must be an alias of NSFW_DETECTORS, not ''.",
        ),
        (
            "NSFW_SHADOW",
            {"detector": "candidate", "share": -0.1},
            "NSFW_SHADOW 'share' must be a number from 0 to 1, not -0.1.",
        ),
        (
            "NSFW_SHADOW",
            {"detector": "candidate", "share": True},
            "NSFW_SHADOW 'share' must be a number from 0 to 1, not True.",
        ),
        ("NSFW_SHADOW", "candidate", "NSFW_SHADOW must be a dictionary, not 'candidate'."),
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
        getattr(nsfw_settings, name.removeprefix("NSFW_").lower())
    assert str(error.value) == message


SEVERAL = {
    "NSFW_FIELDS": (
        {"host.Asset.file": 1, 2: {}},
        "NSFW_FIELDS 'host.Asset.file' must be a dictionary of policy keys, or None for a field "
        "that nobody needs to watch, not 1. "
        "NSFW_FIELDS names each field as 'app_label.Model.field', not 2.",
    ),
    "NSFW_LIMITS": (
        {"timeout": 0, "max_bytes": "5"},
        "NSFW_LIMITS 'timeout' must be a number above 0, not 0. "
        "NSFW_LIMITS 'max_bytes' must be a number above 0, not '5'.",
    ),
    "NSFW_BACKGROUND": (
        {"lease": 10, "deadline": 5},
        "NSFW_BACKGROUND 'lease' (10 s) must be above the timeout of one image in NSFW_LIMITS "
        "(10 s): a slow worker would be taken for dead. "
        "NSFW_BACKGROUND 'deadline' (5 s) must not be below 'lease' (10 s): no worker could be "
        "replaced in time.",
    ),
    "NSFW_RETENTION": (
        {"held": 5, "gone": 0},
        "NSFW_RETENTION must not name 'held': those files wait for a moderator, and what nobody "
        "has seen is not deleted by its age. Valid statuses: rejected, gone, superseded. "
        "NSFW_RETENTION 'gone' must be a whole number of days from 1 to 36500, or None for ever, "
        "not 0.",
    ),
    "NSFW_REVIEW": (
        {"blur": 0, "muted": 1, "base_url": "x"},
        "NSFW_REVIEW 'blur' must be 1, 2 or 3, not 0. "
        "NSFW_REVIEW 'muted' must be True or False, not 1. "
        "NSFW_REVIEW 'base_url' must be an address such as https://example.org, not 'x'.",
    ),
}


@pytest.mark.parametrize(("name", "value"), SEVERAL.items(), ids=SEVERAL)
def test_every_mistake_of_a_setting_is_named_at_once(settings, name, value):
    setattr(settings, name, value[0])
    with pytest.raises(ImproperlyConfigured) as error:
        getattr(nsfw_settings, name.removeprefix("NSFW_").lower())
    assert str(error.value) == value[1]


@pytest.mark.parametrize("options", [False, 0.4, ["review"]])
def test_an_entry_of_nsfw_fields_is_a_dictionary_or_none(settings, options):
    settings.NSFW_FIELDS = {"host.Asset.file": options}
    with pytest.raises(ImproperlyConfigured) as error:
        nsfw_settings.fields  # noqa: B018 - reading validates
    assert str(error.value) == (
        "NSFW_FIELDS 'host.Asset.file' must be a dictionary of policy keys, or None for a field "
        f"that nobody needs to watch, not {options!r}."
    )
