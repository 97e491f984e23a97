"""Every check: its id, what it says, and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import checks

from django_nsfw.registry import registry

LEFT_OUT = {"host.Asset.thumbnail": None}


def messages(deploy=False):
    return [
        (m.id, m.msg, m.hint)
        for m in checks.run_checks(tags=["nsfw"], include_deployment_checks=deploy)
    ]


def ids(deploy=False):
    return [id for id, _, _ in messages(deploy)]


def test_a_sound_project_has_nothing_to_say():
    assert messages(deploy=True) == []


def test_e003_limits(settings):
    settings.NSFW_LIMITS = {"timeout": -1}
    assert messages() == [
        (
            "django_nsfw.E003",
            "NSFW_LIMITS 'timeout' must be a number above 0, not -1.",
            "Correct NSFW_LIMITS.",
        )
    ]


@pytest.mark.parametrize(
    ("detectors", "message"),
    [
        ([], "NSFW_DETECTORS must be a dictionary, not []."),
        (
            {"default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector", "OPTION": {}}},
            "NSFW_DETECTORS['default'] has no key 'OPTION'. Valid keys: BACKEND, OPTIONS.",
        ),
    ],
    ids=["no dictionary", "unknown key"],
)
def test_e004_detectors(settings, detectors, message):
    settings.NSFW_DETECTORS = detectors
    assert ("django_nsfw.E004", message, "Correct NSFW_DETECTORS.") in messages()


def test_e005_project_policy(settings):
    settings.NSFW_POLICY = {"reviw": 0.5}
    assert ids() == ["django_nsfw.E005"]
    assert messages()[0][1].startswith("NSFW_POLICY: unknown policy key 'reviw'.")


def test_e005_says_the_name_once(settings):
    settings.NSFW_POLICY = 0.5
    assert messages()[0][:2] == (
        "django_nsfw.E005",
        "NSFW_POLICY: must be a dictionary, not 0.5.",
    )


@pytest.mark.parametrize(
    ("name", "meant"), [("NSFW_POLCY", "NSFW_POLICY"), ("NSFW_DETECTOR", "NSFW_DETECTORS")]
)
def test_w003_a_setting_that_nobody_reads(settings, name, meant):
    setattr(settings, name, {})
    assert messages() == [
        (
            "django_nsfw.W003",
            f"{name} is no setting of django_nsfw and nobody reads it.",
            f"Did you mean {meant}?",
        )
    ]


def test_names_of_the_project_that_only_begin_alike_are_its_own_business(settings):
    settings.NSFW_TEAM_ADDRESS = "team@example.org"
    assert messages() == []


def test_e006_fields_that_are_none(settings):
    settings.NSFW_FIELDS = LEFT_OUT | {"host.Asset.fil": {}}
    assert messages() == [
        (
            "django_nsfw.E006",
            "NSFW_FIELDS: 'host.Asset.fil': host.Asset has no field 'fil'. Its file fields: file, "
            "thumbnail.",
            "Name each field as app_label.Model.field.",
        )
    ]


UNREADABLE = {
    "a string": ("x", "must be a dictionary, not 'x'."),
    "a list": (["host.Asset.file"], "must be a dictionary, not ['host.Asset.file']."),
    "an entry that is none": (
        {"host.Asset.file": "x"},
        "'host.Asset.file' must be a dictionary of policy keys, or None for a field that nobody "
        "needs to watch, not 'x'.",
    ),
}


@pytest.mark.parametrize(("value", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_e006_a_setting_that_cannot_be_read(settings, gates, value, why):
    settings.NSFW_FIELDS = value
    found = [message for message in messages() if message[0] == "django_nsfw.E006"]
    assert found == [
        (
            "django_nsfw.E006",
            f"NSFW_FIELDS {why}",
            "Correct NSFW_FIELDS. Until then, whatever is uploaded to a field whose entry cannot "
            "be read waits for a person.",
        )
    ]


@pytest.mark.parametrize("value", ['"x"', '["host.Asset.file"]', '{"host.Asset.file": 1, 2: 3}'])
def test_a_project_whose_setting_cannot_be_read_is_told_by_the_check(tmp_path, value):
    """And not by a traceback, before any check could run."""
    text = f"from tests.settings import *\nNSFW_FIELDS = {value}\n"
    (tmp_path / "broken_settings.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "django", "check", "--settings", "broken_settings"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"},
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "(django_nsfw.E006) NSFW_FIELDS" in done.stderr
    assert "Traceback" not in done.stderr


def test_e007_field_policy(settings):
    settings.NSFW_FIELDS = LEFT_OUT | {"host.Asset.file": {"review": 40}}
    assert messages() == [
        (
            "django_nsfw.E007",
            "host.Asset.file: 'review' must be from 0 to 1, not 40.",
            "Correct its NSFWValidator or its entry in NSFW_FIELDS.",
        )
    ]


def test_e008_unknown_detector(settings):
    settings.NSFW_FIELDS = LEFT_OUT | {"host.Asset.file": {"detector": "marqo"}}
    assert messages() == [
        (
            "django_nsfw.E008",
            "host.Asset.file: there is no detector 'marqo'. Configured: default, constant.",
            "Add it to NSFW_DETECTORS or name another.",
        )
    ]


def test_e009_policy_callable(settings):
    settings.NSFW_POLICY = {"for_object": "tests.nowhere.policy"}
    assert messages() == [
        (
            "django_nsfw.E009",
            "NSFW_POLICY: 'for_object' cannot be imported: No module named 'tests.nowhere'",
            "Give the dotted path of a callable (instance, field_name).",
        )
    ]


@pytest.mark.parametrize("path", ["ownr", "notes", "file", "owner__"])
def test_e010_uploader_path(settings, path):
    settings.NSFW_FIELDS = LEFT_OUT | {"host.Asset.file": {"uploader": path}}
    assert ids() == ["django_nsfw.E010"]
    assert f"'uploader' is {path!r}" in messages()[0][1]


def test_e011_a_detector_that_cannot_be_built(settings):
    settings.NSFW_DETECTORS = {
        **settings.NSFW_DETECTORS,
        "typo": {
            "BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector",
            "OPTIONS": {"thread": 1},
        },
    }
    assert ids() == []
    assert ids(deploy=True) == ["django_nsfw.E011"]
    assert "OpenNSFWDetector has no option 'thread'" in messages(deploy=True)[0][1]


def test_e011_a_misspelt_backend_of_this_package_needs_no_deployment(settings):
    settings.NSFW_DETECTORS = {
        **settings.NSFW_DETECTORS,
        "typo": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetectr"},
    }
    for deploy in (False, True):
        assert ids(deploy=deploy) == ["django_nsfw.E011"]
    assert messages()[0][1].startswith(
        "NSFW_DETECTORS['typo'] BACKEND 'django_nsfw.detectors.onnx.OpenNSFWDetectr' does not "
        "exist. Backends of this package: "
    )


OURS = "django_nsfw.detectors"
PLAIN = {"BACKEND": "tests.detectors_for_tests.ConstantDetector"}


@pytest.mark.parametrize("deploy", [False, True], ids=["always", "once when deploying"])
@pytest.mark.parametrize(
    ("detectors", "message"),
    [
        pytest.param(
            {
                "default": {
                    "BACKEND": f"{OURS}.ensemble.EnsembleDetector",
                    "OPTIONS": {"detectors": ["plain", "plane"]},
                },
                "plain": PLAIN,
            },
            "NSFW_DETECTORS['default']: 'detectors' names 'plane', which is not configured. "
            "Configured: default, plain.",
            id="unknown alias",
        ),
        pytest.param(
            {
                "default": {
                    "BACKEND": f"{OURS}.cascade.CascadeDetector",
                    "OPTIONS": {"first": "plain", "second": "default"},
                },
                "plain": PLAIN,
            },
            "NSFW_DETECTORS['default']: 'second' goes in a circle: default → default.",
            id="circle",
        ),
        pytest.param(
            {
                "default": {
                    "BACKEND": f"{OURS}.fallback.FallbackDetector",
                    "OPTIONS": {"detectors": ["gone"]},
                }
            },
            "NSFW_DETECTORS['default']: 'detectors' names 'gone', which is not configured. "
            "Configured: default.",
            id="fallback",
        ),
    ],
)
def test_e027_members(settings, detectors, message, deploy):
    settings.NSFW_FIELDS = LEFT_OUT
    settings.NSFW_DETECTORS = detectors
    assert messages(deploy) == [
        ("django_nsfw.E027", message, "Until it is mended, every image is held unscored.")
    ]


def cascade(**options):
    options = {"first": "plain", "second": "other", **options}
    return {
        "default": {"BACKEND": f"{OURS}.cascade.CascadeDetector", "OPTIONS": options},
        "plain": PLAIN,
        "other": PLAIN,
    }


@pytest.mark.parametrize(
    ("policy", "threshold", "caught"),
    [
        pytest.param({"review": 0.4}, 0.5, ["review"], id="review below"),
        pytest.param({"review": 0.3, "reject": 0.4}, 0.5, ["review", "reject"], id="both below"),
        pytest.param({"review": None, "reject": 0.4}, 0.5, ["reject"], id="reject alone"),
        pytest.param({"review": 0.5, "reject": 0.9}, 0.5, [], id="at the threshold"),
        pytest.param({"review": 0.4}, 0.3, [], id="above"),
        pytest.param({"review": 0.1, "detector": "plain"}, 0.5, [], id="another detector"),
        pytest.param({"review": 0.1}, "half", [], id="a wrong threshold is for others to say"),
    ],
)
def test_w023_limits_below_the_threshold_of_a_cascade(settings, policy, threshold, caught):
    settings.NSFW_FIELDS = LEFT_OUT
    settings.NSFW_DETECTORS = cascade(threshold=threshold)
    settings.NSFW_POLICY = policy
    assert messages() == [
        (
            "django_nsfw.W023",
            f"NSFW_POLICY: {key!r} is {policy[key]}, and the detector 'default' is a cascade that "
            f"confirms from {threshold} on: pictures between the two are caught without a "
            "confirmation.",
            "Lower the option 'threshold' of the cascade to "
            f"{policy[key]} or less, or raise {key!r}.",
        )
        for key in caught
    ]


def test_w023_of_a_field(settings):
    settings.NSFW_DETECTORS = cascade()
    settings.NSFW_FIELDS = {**LEFT_OUT, "host.Asset.file": {"review": 0.2}}
    assert [m[1].partition(",")[0] for m in messages()] == ["host.Asset.file: 'review' is 0.2"]


def test_e012_retention(settings):
    settings.NSFW_RETENTION = {"gone": "30"}
    assert messages() == [
        (
            "django_nsfw.E012",
            "NSFW_RETENTION 'gone' must be a whole number of days from 1 to 36500, or None for "
            "ever, not '30'.",
            "Correct NSFW_RETENTION.",
        )
    ]


def test_e050_review(settings):
    settings.NSFW_REVIEW = {"blur": 0}
    assert messages() == [
        ("django_nsfw.E050", "NSFW_REVIEW 'blur' must be 1, 2 or 3, not 0.", "Correct NSFW_REVIEW.")
    ]


def test_w002_names_longer_than_a_scan_keeps(settings, monkeypatch):
    monkeypatch.setattr(registry.watched["host.Asset.file"].field, "max_length", 501)
    assert ids() == ["django_nsfw.W002"]


@pytest.mark.parametrize(
    ("runner", "message"),
    [
        ("Inline", "NSFW_RUNNER must be the dotted path of a runner, not 'Inline'."),
        (
            "nowhere.Runner",
            "NSFW_RUNNER: 'nowhere.Runner' cannot be imported: No module named 'nowhere'.",
        ),
        (
            "django.db.models.Model",
            "NSFW_RUNNER: 'django.db.models.Model' is no subclass of django_nsfw.runners.Runner.",
        ),
    ],
    ids=["no path", "wrong path", "another class"],
)
def test_e015_a_runner_that_cannot_be_had(settings, runner, message):
    settings.NSFW_RUNNER = runner
    assert messages() == [
        ("django_nsfw.E015", message, "Correct NSFW_RUNNER, or the settings of its engine.")
    ]


def test_e016_times_that_cannot_work(settings):
    settings.NSFW_BACKGROUND = {"lease": 5}
    assert ids() == ["django_nsfw.E016"]


def test_limits_that_are_wrong_are_reported_once(settings):
    settings.NSFW_LIMITS = {"timeout": "long"}
    assert ids() == ["django_nsfw.E003"]


def test_e041_a_field_that_is_left_out_and_validated(settings):
    settings.NSFW_FIELDS = LEFT_OUT | {"host.Photo.image": None}
    assert messages() == [
        (
            "django_nsfw.E041",
            "NSFW_FIELDS: 'host.Photo.image' is None, and the field has an NSFWValidator. It is "
            "watched.",
            "Take the validator off the field, or the entry out of NSFW_FIELDS.",
        )
    ]
    assert "host.Photo.image" in registry.watched


def test_e006_a_field_that_is_left_out_must_be_there(settings):
    settings.NSFW_FIELDS = LEFT_OUT | {"host.Asset.thumb": None}
    assert ids() == ["django_nsfw.E006"]


def test_w040_an_image_field_that_nobody_watches(settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {}}
    assert messages() == [
        (
            "django_nsfw.W040",
            "host.Asset.thumbnail is an image field that nobody watches: its uploads are shown "
            "unseen.",
            "Put NSFWValidator() on it, or name it in NSFW_FIELDS; with None, where nobody needs "
            "to watch it.",
        )
    ]
    settings.NSFW_FIELDS = {}  # Asset.file may be any file; only nsfw_coverage lists it
    assert ids() == ["django_nsfw.W040"]


SHADOW = {
    "an unknown key": (
        {"alias": "constant"}, "django_nsfw.E070",
        "NSFW_SHADOW has no key 'alias'. Valid keys: detector, share.", "Correct NSFW_SHADOW."),
    "a share above 1": (
        {"detector": "constant", "share": 5}, "django_nsfw.E070",
        "NSFW_SHADOW 'share' must be a number from 0 to 1, not 5.", "Correct NSFW_SHADOW."),
    "no such detector": (
        {"detector": "candidate"}, "django_nsfw.E071",
        "NSFW_SHADOW: there is no detector 'candidate'. Configured: default, constant.",
        "Add it to NSFW_DETECTORS or name another."),
    "the one that decides on a field": (
        {"detector": "constant"}, "django_nsfw.W070",
        "NSFW_SHADOW: 'constant' is the detector that decides on host.Asset.file. Nothing is drawn "
        "there: it would be compared with itself.",
        "Name the detector that may replace it."),
}  # fmt: skip


@pytest.mark.parametrize(("setting", "id", "message", "hint"), SHADOW.values(), ids=SHADOW)
def test_the_second_detector(settings, setting, id, message, hint):
    settings.NSFW_FIELDS = {**LEFT_OUT, "host.Asset.file": {"detector": "constant"}}
    settings.NSFW_SHADOW = setting
    assert messages() == [(id, message, hint)]


def test_a_second_detector_beside_the_one_that_decides_is_sound(settings):
    settings.NSFW_SHADOW = {"detector": "constant", "share": 0.1}
    assert messages() == []
