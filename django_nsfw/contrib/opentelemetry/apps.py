from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

from ...scores import Assessment
from ...signals import image_assessed


class OpenTelemetryConfig(AppConfig):
    name = "django_nsfw.contrib.opentelemetry"
    label = "nsfw_opentelemetry"

    def ready(self) -> None:
        try:
            from .spans import record
        except ImportError as error:
            raise ImproperlyConfigured(
                f"{self.name}: {error}. Install it with: pip install opentelemetry-api"
            ) from error
        image_assessed.connect(record, sender=Assessment, dispatch_uid=self.name)
