from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from config.hosts import HOSTS

urlpatterns = [
    path("admin/", admin.site.urls),
    *(path(prefix, include(urls)) for host in HOSTS for prefix, urls in host.urls),
    path("", include("gallery.urls")),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),  # nothing without DEBUG
]
