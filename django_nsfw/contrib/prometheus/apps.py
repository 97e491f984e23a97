from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class PrometheusConfig(AppConfig):
    name = "django_nsfw.contrib.prometheus"
    label = "nsfw_prometheus"

    def ready(self) -> None:
        try:
            from prometheus_client import REGISTRY
        except ImportError as error:
            raise ImproperlyConfigured(
                f"{self.name}: {error}. Install it with: pip install prometheus-client"
            ) from error
        from . import measuring
        from .standing import Standing

        measuring.connect()
        REGISTRY.register(Standing())
