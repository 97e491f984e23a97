from django.apps import AppConfig

from ...signals import file_replaced
from ..needing import need


class SorlThumbnailConfig(AppConfig):
    name = "django_nsfw.contrib.sorl_thumbnail"
    label = "nsfw_sorl_thumbnail"

    def ready(self) -> None:
        need(self, "sorl.thumbnail")
        from .purging import purge

        file_replaced.connect(purge, dispatch_uid=self.name)
