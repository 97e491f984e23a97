"""System checks of what Wagtail's own settings must say."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.core.checks import register as register_check

TAG = "nsfw"


def register() -> None:
    register_check(check_forms, TAG)
    register_check(check_documents, TAG)


def check_forms(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether Wagtail's forms ask the policy of the fields that are watched."""
    from wagtail.documents import get_document_model
    from wagtail.documents.forms import get_document_base_form
    from wagtail.images import get_image_model
    from wagtail.images.forms import get_image_base_form

    images = ("WAGTAILIMAGES_IMAGE_FORM_BASE", "ImageForm")
    documents = ("WAGTAILDOCS_DOCUMENT_FORM_BASE", "DocumentForm")
    return [
        *_form_without_us(get_image_model(), get_image_base_form(), *images),
        *_form_without_us(get_document_model(), get_document_base_form(), *documents),
    ]


def check_documents(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether documents that are no pictures pass."""
    from wagtail.documents import get_document_model

    from ...registry import registry

    field = get_document_model()._meta.get_field("file")
    watched = registry.get(field)
    if watched is None:
        return []
    try:
        passes = watched.policy().other_files == "allow"
    except Exception:  # noqa: BLE001 - other checks say what is wrong with the policy
        return []
    if passes:
        return []
    return [
        Warning(
            f"{watched.label} refuses and holds every document that is no picture.",
            hint='Put "other_files": "allow" into its entry in NSFW_FIELDS.',
            obj=field,
            id="django_nsfw.W081",
        )
    ]


def _form_without_us(
    model: Any, form: type[Any], setting: str, ours: str
) -> Iterator[CheckMessage]:
    from ...registry import registry
    from .forms import ModeratedFile

    watched = registry.get(model._meta.get_field("file"))
    if watched is not None and not issubclass(form, ModeratedFile):
        yield Warning(
            f"{setting} names a form that does not ask the policy of {watched.label}: what is to "
            "be refused is held instead.",
            hint=f'Set it to "django_nsfw.contrib.wagtail.forms.{ours}", or put ModeratedFile from '
            "that module before the other bases of your own form.",
            id="django_nsfw.W080",
        )
