from django.apps import AppConfig


class NSFWConfig(AppConfig):
    name = "django_nsfw"
    verbose_name = "Image moderation"
    default_auto_field = "django.db.models.BigAutoField"
