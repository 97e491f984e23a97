"""System checks. An id never changes its meaning.

What a check looks with is imported when it runs: servers start without running any.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from django.core.checks import CheckMessage, Tags
from django.core.checks import register as register_check

TAG = "nsfw"

ALWAYS = {
    "configuration": (
        "check_names",
        "check_limits",
        "check_retention",
        "check_review",
        "check_runner",
        "check_detectors",
        "check_project_policy",
        "check_fields",
        "check_known_images",
    ),
    "compositions": ("check_members", "check_limits_of_cascades"),
    "storages": ("check_quarantine", "check_moderated_storages_have_their_app"),
    "telling": ("check_webhooks",),
    "shadow": ("check_shadow",),
    "stored": ("check_every_image_has_a_policy",),
}
BEFORE_DEPLOYING = {
    "configuration": ("check_detectors_are_ready",),
    "storages": ("check_quarantine_works",),
}
WITH_A_DATABASE = {
    "stored": (
        "check_every_file_has_a_scan",
        "check_no_scan_is_overdue",
        "check_held_files_are_hidden",
    ),
}


def register() -> None:
    for checks, tag, deploy in (
        (ALWAYS, TAG, False),
        (BEFORE_DEPLOYING, TAG, True),
        (WITH_A_DATABASE, Tags.database, False),
    ):
        for module, names in checks.items():
            for name in names:
                register_check(_later(module, name), tag, deploy=deploy)


@cache  # apps are made ready again where tests change INSTALLED_APPS, and checks are a set
def _later(module: str, name: str) -> Callable[..., list[CheckMessage]]:
    def check(**kwargs: Any) -> list[CheckMessage]:
        found: list[CheckMessage] = getattr(import_module(f"{__name__}.{module}"), name)(**kwargs)
        return found

    check.__name__ = name
    return check
