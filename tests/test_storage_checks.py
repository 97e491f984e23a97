"""The checks of the quarantine: it is there, it works, and no visitor gets at it."""

import errno
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from django_nsfw.exposure import fault_of
from tests.test_checks import ids, messages


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
    ((id, message, hint),) = messages()
    assert id == "django_nsfw.E001"
    assert message.startswith('STORAGES["nsfw_quarantine"] cannot be built: ')
    assert hint.startswith("Correct its BACKEND and OPTIONS")


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


def test_e002_a_storage_of_any_kind_that_is_the_same_as_a_public_one(settings):
    cloud = {"BACKEND": "tests.host.storages.Cloud", "OPTIONS": {"container": "media"}}
    settings.STORAGES = {**settings.STORAGES, "default": cloud, "nsfw_quarantine": cloud}
    assert messages() == [
        (
            "django_nsfw.E002",
            'STORAGES["nsfw_quarantine"] is the same as STORAGES["default"], which visitors can '
            "read.",
            "Give it a place of its own.",
        )
    ]
    own = {**cloud, "OPTIONS": {"container": "held"}}
    settings.STORAGES = {**settings.STORAGES, "nsfw_quarantine": own}
    assert ids() == []


def test_e002_static_files_are_public_too(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "quarantine"
    assert ids() == ["django_nsfw.E002"]


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


def test_e013_a_volume_that_is_not_mounted(settings, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "volume")
    settings.STORAGES = settings.STORAGES | {
        "nsfw_quarantine": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "link"},
        }
    }
    [(id, message, _)] = messages(deploy=True)
    assert id == "django_nsfw.E013"
    assert message.startswith("The quarantine cannot ")
    assert str(tmp_path) in message


OPEN = {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755}
"""What Django makes of files, and the usual umask of folders."""


@pytest.mark.parametrize(
    ("mode", "options", "found"),
    [
        (0o755, OPEN, ["django_nsfw.W004"]),
        (0o755, OPEN | {"file_permissions_mode": 0o600}, []),
        (0o755, OPEN | {"directory_permissions_mode": 0o700}, []),
        (0o700, OPEN, []),
    ],
    ids=["Django's own modes", "files of one account", "folders of one account", "a closed door"],
)
def test_w004_a_quarantine_that_other_accounts_can_read(settings, mode, options, found):
    with TemporaryDirectory() as folder:  # pytest's own is closed to others
        Path(folder).chmod(mode)
        settings.STORAGES = settings.STORAGES | {
            "nsfw_quarantine": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": folder, **options},
            }
        }
        assert ids() == []
        said = messages(deploy=True)
        assert [id for id, _, _ in said] == found
        assert [(message, hint) for _, message, hint in said] == [
            (
                f"Every account of this machine can read the files in {folder}, the quarantine.",
                'Put "file_permissions_mode": 0o600 and "directory_permissions_mode": 0o700 into '
                f"its OPTIONS; for what is there already: chmod -R go= {folder}",
            )
            for _ in found
        ]
        assert [path for path in Path(folder).rglob("*") if path.is_file()] == []


def test_the_probe_of_the_quarantine_leaves_nothing_behind(tmp_path):
    assert ids(deploy=True) == []
    assert [path for path in (tmp_path / "quarantine").rglob("*") if path.is_file()] == []


class FullDisk(FileSystemStorage):
    """As on a full disk: the file is there, and its bytes are not."""

    def _save(self, name, content):
        super()._save(name, ContentFile(b""))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_nor_does_one_that_fails(tmp_path):
    fault = fault_of(FullDisk(location=tmp_path))
    assert fault.message == "The quarantine cannot be written: [Errno 28] No space left on device"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
