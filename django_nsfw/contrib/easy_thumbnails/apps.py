from django.apps import AppConfig

from ...signals import file_replaced
from ..needing import need


class EasyThumbnailsConfig(AppConfig):
    name = "django_nsfw.contrib.easy_thumbnails"
    label = "nsfw_easy_thumbnails"

    def ready(self) -> None:
        need(self, "easy_thumbnails")
        from .purging import purge

        file_replaced.connect(purge, dispatch_uid=self.name)
