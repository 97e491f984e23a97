from django.apps import AppConfig

from ...signals import file_replaced


class EasyThumbnailsConfig(AppConfig):
    name = "django_nsfw.contrib.easy_thumbnails"
    label = "nsfw_easy_thumbnails"

    def ready(self) -> None:
        from .purging import purge

        file_replaced.connect(purge, dispatch_uid=self.name)
