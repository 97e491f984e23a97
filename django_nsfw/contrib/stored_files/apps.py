from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StoredFilesConfig(AppConfig):
    name = "django_nsfw.contrib.stored_files"
    label = "nsfw_stored_files"
    verbose_name = _("Files without a model")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, receivers

        checks.register()
        receivers.connect()
