from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from django_nsfw.listings import status_of, with_nsfw_status
from django_nsfw.models import Scan

from .models import Photo


@admin.register(Photo)
class PhotoAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["title", "owner", "status", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["title"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Photo]:
        return with_nsfw_status(super().get_queryset(request))

    @admin.display(description="status", empty_value="not scanned")
    def status(self, photo: Photo) -> str | None:
        status = status_of(photo.image)
        return str(Scan.Status(status).label) if status else None
