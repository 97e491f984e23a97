"""A site under ASGI, in a process and a folder (``ASGI_DATA``) of its own."""

import os
from pathlib import Path

from tests.settings import *  # noqa: F403 - a site like the others

DATA = Path(os.environ["ASGI_DATA"])
ROOT_URLCONF = "tests.asgi.site"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "db.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    },
}
MEDIA_ROOT = DATA / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "nsfw_quarantine": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA / "quarantine", "file_permissions_mode": 0o600},
    },
}
NSFW_DETECTORS = {
    "default": {"BACKEND": os.environ.get("ASGI_DETECTOR", "tests.asgi.detectors.PatientDetector")},
}
NSFW_LIMITS = {"timeout": 60}
