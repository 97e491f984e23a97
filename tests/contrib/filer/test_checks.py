"""What ``manage.py check`` says of django-filer's settings, and of ours for it."""

import os
import subprocess
import sys

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from django_nsfw.contrib.filer.checks import check_filer

WATCHED = {"filer.File.file": {"other_files": "allow"}}


def test_as_the_documentation_says_there_is_nothing_to_say():
    assert check_filer(None) == []


@pytest.mark.parametrize(
    ("fields", "id", "message", "hint"),
    [
        (
            {}, "django_nsfw.W090",
            "Nobody watches the files of django-filer.",
            'Add "filer.File.file" to NSFW_FIELDS: pictures share this field with all files.',
        ),
        (
            {"filer.File.file": {}}, "django_nsfw.W091",
            "filer.File.file holds every file that is no picture.",
            'Put "other_files": "allow" into its entry in NSFW_FIELDS.',
        ),
    ],
    ids=["nothing is watched", "documents are held"],
)  # fmt: skip
def test_fields(fields, id, message, hint, settings):
    settings.NSFW_FIELDS = fields
    assert [(each.id, each.msg, each.hint) for each in check_filer(None)] == [(id, message, hint)]


def test_a_type_without_the_validator(monkeypatch):
    validators = apps.get_app_config("filer").FILE_VALIDATORS
    monkeypatch.setitem(validators, "image/png", [])
    assert [(each.id, each.msg, each.hint) for each in check_filer(None)] == [
        (
            "django_nsfw.W092",
            "Who uploads a file of the type image/png is not told what is wrong with it: what is "
            "to be refused is held instead.",
            "Set FILER_ADD_FILE_VALIDATORS to VALIDATORS from django_nsfw.contrib.filer, or merge "
            "yours into it.",
        )
    ]


def test_thumbnails_that_would_stay(monkeypatch):
    installed = apps.is_installed
    monkeypatch.setattr(
        apps, "is_installed", lambda name: "easy_thumbnails" not in name and installed(name)
    )
    assert [(each.id, each.msg, each.hint) for each in check_filer(None)] == [
        (
            "django_nsfw.W093",
            "A picture that is taken down leaves its thumbnails behind.",
            'Add "django_nsfw.contrib.easy_thumbnails" to INSTALLED_APPS.',
        )
    ]


@pytest.mark.parametrize("missing", ["filer", "easy_thumbnails"])
def test_what_it_needs_is_named_at_the_start(monkeypatch, missing):
    monkeypatch.setattr(apps, "is_installed", lambda name: name != missing)
    with pytest.raises(ImproperlyConfigured) as error:
        apps.get_app_config("nsfw_filer").ready()
    assert str(error.value) == f"django_nsfw.contrib.filer needs '{missing}' in INSTALLED_APPS."


def test_so_it_is_where_the_admin_has_looked_for_its_classes_before():
    start = (
        "import django\n"
        "from django.conf import settings\n"
        "settings.INSTALLED_APPS += ['django_nsfw.contrib.filer']\n"
        "django.setup()"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=False
    )
    said = "django_nsfw.contrib.filer needs 'filer' in INSTALLED_APPS."
    assert done.stderr.splitlines()[-1].endswith(said)
