"""System checks of moderated storages: they can be built, and their addresses lead somewhere."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.checks import register as register_check
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.urls import NoReverseMatch, reverse

from ...conf import QUARANTINE_ALIAS, nsfw_settings
from ...policy import Policy
from .aliases import moderated

TAG = "nsfw"


def register() -> None:
    register_check(check_moderated_storages, TAG)
    register_check(check_addresses, TAG)


def check_moderated_storages(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """There is one, the quarantine is none, and each has a policy that can be followed."""
    aliases = list(moderated())
    if not aliases:
        return [
            Warning(
                "No storage is moderated: nothing that is saved without a model is examined.",
                hint='Give an entry of STORAGES the BACKEND "django_nsfw.contrib.stored_files.'
                'storages.ModeratedFileSystemStorage", or a class of yours with its mixin.',
                id="django_nsfw.W085",
            )
        ]
    return [complaint for alias in aliases for complaint in _complaints(alias)]


def check_addresses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Texts keep the address of a file: it must be one."""
    try:
        reverse("nsfw_stored_files:file", args=["storage", "name"])
    except NoReverseMatch:
        return [
            Error(
                "The files of moderated storages have no address: storage.url() fails.",
                hint='Add path("files/", include("django_nsfw.contrib.stored_files.urls")) to the '
                "urlpatterns of ROOT_URLCONF.",
                id="django_nsfw.E086",
            )
        ]
    return []


def _complaints(alias: str) -> Iterator[CheckMessage]:
    name = f"STORAGES[{alias!r}]"
    if alias == QUARANTINE_ALIAS:
        yield Error(
            f"{name} is moderated: what is held cannot be kept there.",
            hint="Give it the class without the mixin.",
            id="django_nsfw.E087",
        )
        return
    try:
        policy: Any = storages[alias].policy  # type: ignore[attr-defined]
        detector = Policy.of(nsfw_settings.policy, policy).detector
        unknown = "detector" in policy and detector not in nsfw_settings.detectors
    except (ImproperlyConfigured, TypeError, ValueError) as error:
        yield Error(
            f"{name} cannot be used: {error}",
            hint="Correct its BACKEND and OPTIONS.",
            id="django_nsfw.E088",
        )
        return
    if unknown:
        configured = ", ".join(nsfw_settings.detectors) or "none"
        yield Error(
            f"{name} cannot be used: policy: there is no detector {detector!r}. "
            f"Configured: {configured}.",
            hint="Add it to NSFW_DETECTORS or name another.",
            id="django_nsfw.E088",
        )
