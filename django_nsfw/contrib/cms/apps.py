from django.apps import AppConfig

from ...signals import file_replaced
from ..needing import need


class CMSConfig(AppConfig):
    name = "django_nsfw.contrib.cms"
    label = "nsfw_cms"

    def ready(self) -> None:
        need(self, "cms")
        from .caches import forget_pages

        file_replaced.connect(forget_pages, dispatch_uid=self.name)
