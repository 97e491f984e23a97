"""Settings of the processes of one site; what differs from site to site is in the environment."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import dj_database_url

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, STORAGES, UNHURRIED

_FOLDER = Path(os.environ["SITE_FOLDER"])

INSTALLED_APPS = [
    *INSTALLED_APPS,
    *(app for app in ("django_tasks_db", "django_rq") if find_spec(app) is not None),
]
_SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": _FOLDER / "db.sqlite3",
    "OPTIONS": {**UNHURRIED, "transaction_mode": "IMMEDIATE", "timeout": 20},
}
_SERVER = os.environ.get("DATABASE_URL")
if _SERVER and not _SERVER.startswith("sqlite"):
    _SERVER = dj_database_url.parse(_SERVER) | {"NAME": os.environ["SITE_DATABASE"]}
    DATABASES = {"default": _SERVER}
else:
    DATABASES = {"default": _SQLITE}
MEDIA_ROOT = _FOLDER / "media"
STORAGES = STORAGES | {
    "nsfw_quarantine": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": _FOLDER / "quarantine", "file_permissions_mode": 0o600},
    },
}
NSFW_DETECTORS = {
    "default": {
        "BACKEND": "tests.background.project.detectors.ByColour",
        "OPTIONS": {"folder": str(_FOLDER)},
    },
    "shadow": {
        "BACKEND": "tests.background.project.detectors.ByColour",
        "OPTIONS": {"folder": str(_FOLDER), "model": "shadow"},
    },
    "open_nsfw": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
}
NSFW_FIELDS = {
    "host.Asset.file": {"detector": "open_nsfw"},
    "host.Asset.thumbnail": None,
}
globals().update(json.loads(os.environ["SITE_SETTINGS"]))
