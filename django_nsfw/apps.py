from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NSFWConfig(AppConfig):
    name = "django_nsfw"
    verbose_name = _("Image moderation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, receivers

        checks.register()
        receivers.connect()
