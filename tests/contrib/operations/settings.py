"""A site that is watched: Prometheus, OpenTelemetry, django-health-check."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "health_check",
    "django_nsfw.contrib.prometheus",
    "django_nsfw.contrib.opentelemetry",
]
ROOT_URLCONF = "tests.contrib.operations.urls"
