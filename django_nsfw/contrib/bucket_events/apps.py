from django.apps import AppConfig


class BucketEventsConfig(AppConfig):
    name = "django_nsfw.contrib.bucket_events"
    label = "nsfw_bucket_events"

    def ready(self) -> None:
        from . import checks

        checks.register()
