"""System checks of what django-filer's own settings, and ours for it, must say."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Warning
from django.core.checks import register as register_check

TAG = "nsfw"


def register() -> None:
    register_check(check_filer, TAG)


def check_filer(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether files are watched, others pass, uploaders are told, and thumbnails go along."""
    return list(_complaints())


def _complaints() -> Iterator[CheckMessage]:
    from filer.models import File

    from ...registry import registry
    from . import VALIDATORS
    from .validation import validate_picture

    field = File._meta.get_field("file")
    watched = registry.get(field)
    if watched is None:
        yield Warning(
            "Nobody watches the files of django-filer.",
            hint='Add "filer.File.file" to NSFW_FIELDS: pictures share this field with all files.',
            obj=field,
            id="django_nsfw.W090",
        )
        return
    try:
        takes_others = watched.policy().other_files == "allow"
    except Exception:  # noqa: BLE001 - other checks say what is wrong with the policy
        takes_others = True
    if not takes_others:
        yield Warning(
            f"{watched.label} holds every file that is no picture.",
            hint='Put "other_files": "allow" into its entry in NSFW_FIELDS.',
            obj=field,
            id="django_nsfw.W091",
        )
    filer: Any = apps.get_app_config("filer")
    asked = filer.FILE_VALIDATORS
    missing = [kind for kind in VALIDATORS if validate_picture not in asked.get(kind, ())]
    if missing:
        yield Warning(
            f"Who uploads a file of the type {', '.join(missing)} is not told what is wrong with "
            "it: what is to be refused is held instead.",
            hint="Set FILER_ADD_FILE_VALIDATORS to VALIDATORS from django_nsfw.contrib.filer, or "
            "merge yours into it.",
            id="django_nsfw.W092",
        )
    if not apps.is_installed("django_nsfw.contrib.easy_thumbnails"):
        yield Warning(
            "A picture that is taken down leaves its thumbnails behind.",
            hint='Add "django_nsfw.contrib.easy_thumbnails" to INSTALLED_APPS.',
            id="django_nsfw.W093",
        )
