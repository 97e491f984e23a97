"""System checks of what tells others. An id never changes its meaning."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from ..webhooks.endpoints import endpoints


def check_webhooks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    try:
        endpoints()
    except ImproperlyConfigured as error:
        hint = "Correct NSFW_WEBHOOKS; until then no event is told to anybody."
        return [Error(str(error), hint=hint, id="django_nsfw.E060")]
    return []
