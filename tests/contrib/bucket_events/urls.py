from django.urls import include, path

urlpatterns = [
    path("bucket-events/", include("django_nsfw.contrib.bucket_events.urls")),
]
