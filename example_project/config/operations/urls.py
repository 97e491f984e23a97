from django.urls import path
from health_check.views import HealthCheckView

from django_nsfw.contrib.health_check import DetectorCheck, QueueCheck

from .views import metrics

urlpatterns = [
    path("metrics/", metrics),
    path("health/", HealthCheckView.as_view(checks=[DetectorCheck, (QueueCheck, {"hours": 48})])),
    path("ready/", HealthCheckView.as_view(checks=[(DetectorCheck, {"load": True})])),
]
