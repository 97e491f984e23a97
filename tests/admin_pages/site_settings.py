"""A site with a strict content security policy, or with django-unfold, whose own pages forbid one.

Environment: ``ADMIN_PAGES_DATA``, a folder; ``ADMIN_PAGES_UNFOLD``, ``1`` for an admin by unfold.
"""

import os
from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, MIDDLEWARE, STORAGES, UNHURRIED

_DATA = Path(os.environ["ADMIN_PAGES_DATA"])
_UNFOLD = os.environ.get("ADMIN_PAGES_UNFOLD") == "1"

if _UNFOLD:
    INSTALLED_APPS = ["unfold", *INSTALLED_APPS]
MIDDLEWARE = [
    *([] if _UNFOLD else ["tests.admin_pages.policy.strict"]),
    *MIDDLEWARE,
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "tests.admin_pages.urls"
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _DATA / "site.sqlite3",
        "OPTIONS": UNHURRIED,
    },
}
MEDIA_ROOT = _DATA / "media"
STORAGES = {
    **STORAGES,
    "nsfw_quarantine": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": _DATA / "quarantine", "file_permissions_mode": 0o600},
    },
}
NSFW_DETECTORS = {"default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"}}
NSFW_REVIEW = {"reveals_a_day": 1, "quality_share": 1}
LANGUAGE_CODE = "en"
