from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


class NSFWWagtailConfig(AppConfig):
    name = "django_nsfw.contrib.wagtail"
    label = "nsfw_wagtail"
    verbose_name = _("Image moderation in Wagtail")

    def ready(self) -> None:
        for needed in ("wagtail.images", "wagtail.documents"):
            if not apps.is_installed(needed):
                raise ImproperlyConfigured(f"{self.name} needs {needed!r} in INSTALLED_APPS.")
        from . import checks, receivers, uploads

        checks.register()
        receivers.connect()
        uploads.install()
