"""The site of the tests, for processes of its own: its databases and folders are in ``SITE``."""

import json
import os
from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, STORAGES, UNHURRIED

_SITE = json.loads(os.environ["SITE"])
for _alias, _name in _SITE["databases"].items():
    DATABASES[_alias]["NAME"] = _name
    if DATABASES[_alias]["ENGINE"].endswith("sqlite3"):
        DATABASES[_alias]["OPTIONS"] = {**UNHURRIED, "timeout": 30}
MEDIA_ROOT = Path(_SITE["folder"]) / "media"
STORAGES["nsfw_quarantine"]["OPTIONS"]["location"] = Path(_SITE["folder"]) / "quarantine"
NSFW_DETECTORS = {
    "default": {
        "BACKEND": "tests.rescans.paced.PacedDetector",
        "OPTIONS": {"folder": _SITE["folder"]},
    },
}
NSFW_LIMITS = {"timeout": 0.5}
NSFW_BACKGROUND = {"lease": 2, "deadline": 60}

if _SITE.get("broker"):
    from tests.rescans.celery_app import app  # noqa: F401 - as the package of a site does

    NSFW_RUNNER = "django_nsfw.runners.celery.CeleryRunner"
