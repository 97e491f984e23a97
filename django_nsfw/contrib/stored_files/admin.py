"""The files that have no model, to be found and to be deleted."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import StoredFile


@admin.register(StoredFile)
class StoredFileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "storage", "uploader", "created_at"]
    list_filter = ["storage"]
    list_select_related = ["uploader"]
    search_fields = ["name"]
    show_full_result_count = False
    ordering = ["-pk"]
    fields = readonly_fields = ("storage", "name", "file", "uploader", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are added by who saves a file."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
