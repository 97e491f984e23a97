"""What the settings of Wagtail must say."""

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

IMAGES, DOCUMENTS = "WAGTAILIMAGES_IMAGE_FORM_BASE", "WAGTAILDOCS_DOCUMENT_FORM_BASE"


def found():
    return [(message.id, str(message.msg), message.hint) for message in run_checks(tags=["nsfw"])]


def test_the_settings_of_the_documentation_are_right():
    assert found() == []


@pytest.mark.parametrize(
    ("setting", "label", "ours"),
    [
        (IMAGES, "wagtailimages.Image.file", "ImageForm"),
        (DOCUMENTS, "wagtaildocs.Document.file", "DocumentForm"),
    ],
)
def test_a_form_that_does_not_ask_is_named(settings, setting, label, ours):
    delattr(settings, setting)
    message = (
        "django_nsfw.W080",
        f"{setting} names a form that does not ask the policy of {label}: what is to be refused is "
        "held instead.",
        f'Set it to "django_nsfw.contrib.wagtail.forms.{ours}", or put ModeratedFile from that '
        "module before the other bases of your own form.",
    )
    assert found() == [message]
    settings.NSFW_FIELDS = settings.NSFW_FIELDS | {label: None}
    assert found() == []


def test_documents_that_are_no_pictures_are_thought_of(settings):
    settings.NSFW_FIELDS = settings.NSFW_FIELDS | {"wagtaildocs.Document.file": {"review": 0.4}}
    assert found() == [
        (
            "django_nsfw.W081",
            "wagtaildocs.Document.file refuses and holds every document that is no picture.",
            'Put "other_files": "allow" into its entry in NSFW_FIELDS.',
        )
    ]


def test_image_fields_of_wagtail_that_nobody_watches_are_named(settings):
    settings.NSFW_FIELDS = {"wagtaildocs.Document.file": None, "host.Asset.thumbnail": None}
    assert [message.partition(" is ")[0] for _, message, _ in found()] == [
        "wagtailusers.UserProfile.avatar",
        "wagtailimages.Image.file",
        "wagtailimages.Rendition.file",
    ]


@pytest.mark.parametrize("missing", ["wagtail.images", "wagtail.documents"])
def test_what_it_needs_is_named_at_the_start(monkeypatch, missing):
    monkeypatch.setattr(apps, "is_installed", lambda name: name != missing)
    with pytest.raises(ImproperlyConfigured) as error:
        apps.get_app_config("nsfw_wagtail").ready()
    assert str(error.value) == f"django_nsfw.contrib.wagtail needs '{missing}' in INSTALLED_APPS."
