from django.apps import AppConfig


class PicturesConfig(AppConfig):
    name = "tests.contrib.filer_custom.pictures"
    default_auto_field = "django.db.models.BigAutoField"
