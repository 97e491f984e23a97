from django.apps import AppConfig

from django_nsfw.signals import file_replaced


class FilerConfig(AppConfig):
    name = "django_nsfw.contrib.filer"
    label = "django_nsfw_filer"

    def ready(self) -> None:
        from ..easy_thumbnails.purging import purge
        from . import receivers
        from .facts import write_facts

        receivers.connect()
        file_replaced.connect(write_facts, dispatch_uid=self.name)
        # django-filer makes its thumbnails with easy-thumbnails.
        file_replaced.connect(purge, dispatch_uid="django_nsfw.contrib.easy_thumbnails")
