"""``path("nsfw/bucket-events/", include("django_nsfw.contrib.bucket_events.urls"))``"""

from django.urls import path

from .views import bucket_events

app_name = "nsfw_bucket_events"

urlpatterns = [path("", bucket_events, name="receive")]
