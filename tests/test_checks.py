"""Every check: its id, what it says, and what to do."""

import pytest
from django.core import checks

from django_nsfw.registry import registry


def messages(deploy=False):
    return [
        (m.id, m.msg, m.hint)
        for m in checks.run_checks(tags=["nsfw"], include_deployment_checks=deploy)
    ]


def ids(deploy=False):
    return [id for id, _, _ in messages(deploy)]


def test_a_sound_project_has_nothing_to_say():
    assert messages(deploy=True) == []


def test_e001_no_quarantine(settings):
    settings.STORAGES = {k: v for k, v in settings.STORAGES.items() if k != "nsfw_quarantine"}
    assert messages() == [
        (
            "django_nsfw.E001",
            "STORAGES has no 'nsfw_quarantine'. Add a storage that no visitor can reach; held "
            "images are kept there.",
            'Add STORAGES["nsfw_quarantine"], for example a FileSystemStorage with a location '
            "outside of MEDIA_ROOT.",
        )
    ]


@pytest.mark.parametrize(
    "spec",
    [
        {"BACKEND": "nowhere.Storage"},
        {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"locatoin": "/tmp/q"},
        },
    ],
    ids=["wrong path", "wrong option"],
)
def test_e001_a_quarantine_that_cannot_be_built(settings, spec):
    settings.STORAGES = {**settings.STORAGES, "nsfw_quarantine": spec}
    assert ids() == ["django_nsfw.E001"]


@pytest.mark.parametrize("where", ["", "held", ".."], ids=["in it", "below it", "around it"])
def test_e002_a_quarantine_that_visitors_can_read(settings, tmp_path, where):
    settings.MEDIA_ROOT = tmp_path / "public" / "media"
    settings.STORAGES = {
        **settings.STORAGES,
        "nsfw_quarantine": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": settings.MEDIA_ROOT / where},
        },
    }
    assert set(ids()) == {"django_nsfw.E002"}
    assert "MEDIA_ROOT" in messages()[0][1]


def test_e002_static_files_are_public_too(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "quarantine"
    assert ids() == ["django_nsfw.E002"]


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


def test_e006_fields_that_are_none(settings):
    settings.NSFW_FIELDS = {"host.Asset.fil": {}}
    assert messages() == [
        (
            "django_nsfw.E006",
            "NSFW_FIELDS: 'host.Asset.fil': host.Asset has no field 'fil'. Its file fields: file, "
            "thumbnail.",
            "Name each field as app_label.Model.field.",
        )
    ]


def test_e007_field_policy(settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"review": 40}}
    assert messages() == [
        (
            "django_nsfw.E007",
            "host.Asset.file: 'review' must be from 0 to 1, not 40.",
            "Correct its NSFWValidator or its entry in NSFW_FIELDS.",
        )
    ]


def test_e008_unknown_detector(settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"detector": "marqo"}}
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
    settings.NSFW_FIELDS = {"host.Asset.file": {"uploader": path}}
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


def test_w002_names_longer_than_a_scan_keeps(settings, monkeypatch):
    monkeypatch.setattr(registry.watched["host.Asset.file"].field, "max_length", 501)
    assert ids() == ["django_nsfw.W002"]


def test_another_kind_of_storage_is_not_asked_for_a_location(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "nsfw_quarantine": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    assert ids() == []


def test_e002_the_folder_of_a_field_s_own_storage_is_no_place_for_held_images(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "nsfw_quarantine": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "papers" / "held"},
        },
    }
    assert messages() == [
        (
            "django_nsfw.E002",
            f'STORAGES["nsfw_quarantine"] keeps held images in {tmp_path}/papers/held, which is '
            f"inside of or around the storage of host.Paper.scan ({tmp_path}/papers), a folder "
            "that visitors can read.",
            "Give it a location of its own that no web server serves.",
        )
    ]


def test_e013_a_quarantine_that_cannot_be_written(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.STORAGES = {
        **settings.STORAGES,
        "nsfw_quarantine": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "file" / "quarantine"},
        },
    }
    assert ids() == []
    [(id, message, hint)] = messages(deploy=True)
    assert id == "django_nsfw.E013"
    assert message.startswith("The quarantine cannot be written: [Errno 20] Not a directory: ")
    assert hint == "Until it works, every upload that would be held fails."


def test_the_probe_of_the_quarantine_leaves_nothing_behind(tmp_path):
    assert ids(deploy=True) == []
    assert [path for path in (tmp_path / "quarantine").rglob("*") if path.is_file()] == []
