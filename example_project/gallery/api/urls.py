from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from .views import PhotoViewSet

router = SimpleRouter()
router.register("photos", PhotoViewSet)

urlpatterns = [
    path("", include(router.urls)),
    path("nsfw/", include("django_nsfw.contrib.rest_framework.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]
