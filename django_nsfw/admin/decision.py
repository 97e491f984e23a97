"""The log of decisions: to be read, never written."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ..models import Decision


class ReadOnly:
    """Nothing is added, changed or deleted through these pages."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Decision)
class DecisionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["created_at", "action", "scan", "from_status", "to_status", "moderator_name"]
    list_filter = ["action", "to_status"]
    list_select_related = ["scan"]
    search_fields = ["sha256__startswith"]
    search_help_text = "SHA-256, from its beginning"
    show_full_result_count = False
    ordering = ["-pk"]


class DecisionInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Decision
    fields = (
        "created_at", "action", "from_status", "to_status", "moderator_name", "inherited_from",
        "note",
    )  # fmt: skip
    readonly_fields = fields
    extra = 0
    ordering = ["-pk"]
