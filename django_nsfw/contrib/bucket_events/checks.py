"""System checks of what the events of buckets need."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.checks import register as register_check
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

from ...quarantine.places import storages_of
from ...registry import registry
from .senders import tokens

TAG = "nsfw"


def register() -> None:
    register_check(check_bucket_events, TAG)


def check_bucket_events(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether events are authenticated, have an address, and concern anything."""
    return list(_complaints())


def _complaints() -> Iterator[CheckMessage]:
    try:
        tokens()
    except ImproperlyConfigured as error:
        yield Error(
            str(error),
            hint="Until it is mended every event is answered with an error.",
            id="django_nsfw.E096",
        )
    try:
        reverse("nsfw_bucket_events:receive")
    except NoReverseMatch:
        yield Warning(
            "The events of buckets have no address.",
            hint='Put path("nsfw/bucket-events/", '
            'include("django_nsfw.contrib.bucket_events.urls")) into the URLconf.',
            id="django_nsfw.W096",
        )
    fields = [watched.field for watched in registry.watched.values()]
    if not any(hasattr(each, "bucket_name") for field in fields for each in storages_of(field)):
        yield Warning(
            "No watched field keeps its files in a bucket: no event will concern any.",
            hint="Watch the field whose storage it is, by a NSFWValidator or in NSFW_FIELDS.",
            id="django_nsfw.W097",
        )
