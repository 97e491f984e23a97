from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from .site import AlbumUpload, PhotoViewSet, PlainUpload

router = SimpleRouter()
router.register("photos", PhotoViewSet)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
    path("api/plain/", PlainUpload.as_view(), name="plain"),
    path("api/album/", AlbumUpload.as_view(), name="album"),
    path("api/nsfw/", include("django_nsfw.contrib.rest_framework.urls")),
]
