from django.apps import AppConfig


class PostboxConfig(AppConfig):
    name = "postbox"
    default_auto_field = "django.db.models.BigAutoField"
