"""An app for a host says which host is missing, before the host's own models do in their words."""

from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured


def need(app: AppConfig, *hosts: str) -> None:
    """Raise ``ImproperlyConfigured`` unless each of ``hosts`` is in ``INSTALLED_APPS``."""
    for host in hosts:
        if not apps.is_installed(host):
            raise ImproperlyConfigured(f"{app.name} needs {host!r} in INSTALLED_APPS.")
