from django.apps import AppConfig, apps

from ...signals import file_replaced
from ..needing import need


class FilerConfig(AppConfig):
    name = "django_nsfw.contrib.filer"
    label = "nsfw_filer"

    def ready(self) -> None:
        need(self, "filer", "easy_thumbnails")
        from . import checks, receivers
        from .facts import write_facts

        checks.register()
        receivers.connect()
        file_replaced.connect(write_facts, dispatch_uid=self.name)
        if apps.is_installed("django.contrib.admin"):
            from .notices import install

            install()
