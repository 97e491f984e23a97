from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from ..needing import need


class NSFWWagtailConfig(AppConfig):
    name = "django_nsfw.contrib.wagtail"
    label = "nsfw_wagtail"
    verbose_name = _("Image moderation in Wagtail")

    def ready(self) -> None:
        need(self, "wagtail.images", "wagtail.documents")
        from . import checks, receivers, uploads

        checks.register()
        receivers.connect()
        uploads.install()
