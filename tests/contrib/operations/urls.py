from django.urls import path
from health_check.views import HealthCheckView

from django_nsfw.contrib.health_check import DetectorCheck, QueueCheck

urlpatterns = [
    path(
        "health/",
        HealthCheckView.as_view(checks=[DetectorCheck, (QueueCheck, {"hours": 48})]),
        name="health",
    ),
    path("ready/", HealthCheckView.as_view(checks=[(DetectorCheck, {"load": True})]), name="ready"),
]
