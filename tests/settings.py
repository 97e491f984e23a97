"""Settings of the test project. Media and quarantine are redirected for each test.

``DATABASE_URL`` chooses the engine of both databases; the tests pass on each that Django supports
and this app promises.
"""

import os
import tempfile
from pathlib import Path

import dj_database_url

UNHURRIED = {"init_command": "PRAGMA synchronous = OFF"}
"""Options of SQLite in a file: nobody waits for the disk. Processes are killed here, and not the
machine, so that what was written is there for the next one."""

_ROOT = Path(tempfile.mkdtemp(prefix="django_nsfw_tests_"))

SECRET_KEY = "tests-only"
USE_TZ = True
ROOT_URLCONF = "tests.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_nsfw",
    "tests.host",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
# sqlite://:memory: unless the environment names a server: postgres://… or mysql://…
_DATABASE = dj_database_url.parse(os.environ.get("DATABASE_URL") or "sqlite://:memory:")
_SECOND = _DATABASE | {"NAME": f"{_DATABASE['NAME']}_second"}
if _DATABASE["ENGINE"].endswith("sqlite3"):
    _SECOND = dict(_DATABASE)  # each in the memory of its own connection
DATABASES = {"default": _DATABASE, "second": _SECOND}
if _DATABASE["ENGINE"].endswith("postgresql"):
    # Every test commits, and waited for the disk most of the time. Processes are killed here, not
    # the server, and what it has taken it keeps.
    for _database in DATABASES.values():
        _database.setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
if _DATABASE["ENGINE"].endswith("mysql"):
    # Any name and any note must fit. The collation stays the server's, which folds case.
    for _database in DATABASES.values():
        _database["TEST"] = {"CHARSET": "utf8mb4"}
MEDIA_ROOT = _ROOT / "media"
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
MAILERS = {"default": {}}  # read from Django 6.1 on, which deprecates the settings before it
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "nsfw_quarantine": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": _ROOT / "quarantine", "file_permissions_mode": 0o600},
    },
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
NSFW_DETECTORS = {
    "default": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
    "constant": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
}
NSFW_FIELDS = {
    "host.Asset.file": {"review": 0.4},
    "host.Asset.thumbnail": None,
}
