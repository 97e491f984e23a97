"""What ``manage.py check`` says of moderated storages."""

import subprocess
import sys

import pytest

from django_nsfw.checks.storages import check_moderated_storages_have_their_app, check_quarantine
from django_nsfw.contrib.stored_files.checks import check_addresses, check_moderated_storages

PLAIN = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
OURS = "django_nsfw.contrib.stored_files.storages.ModeratedFileSystemStorage"


def said(found):
    return [(each.id, each.msg, each.hint) for each in found]


def test_as_the_documentation_says_there_is_nothing_to_say():
    found = [check_moderated_storages(None), check_addresses(None)]
    found += [check_moderated_storages_have_their_app(None), check_quarantine(None)]
    assert found == [[], [], [], []]


def test_no_storage_is_moderated(settings):
    settings.STORAGES = settings.STORAGES | {"editors": PLAIN, "papers": PLAIN}
    assert said(check_moderated_storages(None)) == [
        (
            "django_nsfw.W085",
            "No storage is moderated: nothing that is saved without a model is examined.",
            f'Give an entry of STORAGES the BACKEND "{OURS}", or a class of yours with its mixin.',
        )
    ]


def test_there_is_no_address(settings):
    settings.ROOT_URLCONF = "tests.urls"
    assert said(check_addresses(None)) == [
        (
            "django_nsfw.E086",
            "The files of moderated storages have no address: storage.url() fails.",
            'Add path("files/", include("django_nsfw.contrib.stored_files.urls")) to the '
            "urlpatterns of ROOT_URLCONF.",
        )
    ]


def test_the_quarantine_is_moderated(settings):
    settings.STORAGES = settings.STORAGES | {"nsfw_quarantine": {"BACKEND": OURS}}
    assert said(check_moderated_storages(None)) == [
        (
            "django_nsfw.E087",
            "STORAGES['nsfw_quarantine'] is moderated: what is held cannot be kept there.",
            "Give it the class without the mixin.",
        )
    ]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            {"policy": {"reveiw": 0.4}},
            "ModeratedFileSystemStorage: policy: unknown policy key 'reveiw'. Valid keys: review, "
            "reject, on_error, on_review, other_files, publish, known, detector, uploader, "
            "for_object.",
            "Correct its BACKEND and OPTIONS.",
        ),
        (
            {"policy": {"reject": 0.3}},
            "ModeratedFileSystemStorage: policy: 'reject' (0.3) must not be below 'review' (0.5): "
            "nothing would ever reach a moderator.",
            "Correct its BACKEND and OPTIONS.",
        ),
        (
            {"policy": {"detector": "nobody"}},
            "policy: there is no detector 'nobody'. Configured: default, constant.",
            "Add it to NSFW_DETECTORS or name another.",
        ),
    ],
    ids=["a wrong key", "values that contradict each other", "a detector that is not there"],
)
def test_a_policy_that_cannot_be_followed(options, message, hint, settings):
    settings.STORAGES = settings.STORAGES | {"editors": {"BACKEND": OURS, "OPTIONS": options}}
    assert said(check_moderated_storages(None)) == [
        ("django_nsfw.E088", f"STORAGES['editors'] cannot be used: {message}", hint)
    ]


def test_the_quarantine_must_not_lie_in_a_moderated_storage(settings):
    media = settings.MEDIA_ROOT
    settings.STORAGES = settings.STORAGES | {
        "editors": {"BACKEND": OURS, "OPTIONS": {"location": media.parent / "texts"}},
        "nsfw_quarantine": PLAIN | {"OPTIONS": {"location": media.parent / "texts" / "held"}},
    }
    assert [each.id for each in check_quarantine(None)] == ["django_nsfw.E002"]


WITHOUT_APP = """
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_nsfw"],
    STORAGES={"default": {"BACKEND": "%s"}, "nsfw_quarantine": {"BACKEND": "%s"}},
)
django.setup()
from django_nsfw.checks.storages import check_moderated_storages_have_their_app as check
print(*((each.id, each.msg, each.hint) for each in check(None)))
"""


def test_the_app_is_not_installed():
    code = WITHOUT_APP % (OURS, PLAIN["BACKEND"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(
        (
            "django_nsfw.E085",
            "STORAGES['default'] is moderated by an app that is not installed: nothing can be "
            "saved there.",
            "Add 'django_nsfw.contrib.stored_files' to INSTALLED_APPS, and migrate.",
        )
    )
