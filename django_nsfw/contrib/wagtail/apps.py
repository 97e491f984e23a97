from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NSFWWagtailConfig(AppConfig):
    name = "django_nsfw.contrib.wagtail"
    label = "nsfw_wagtail"
    verbose_name = _("Image moderation in Wagtail")

    def ready(self) -> None:
        from . import checks, receivers, uploads

        checks.register()
        receivers.connect()
        uploads.install()
