"""What other servers were told: to be read, never written. Bodies are not shown: they are about
objects of every field."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import Delivery
from ..permissions import restricted_to
from .base import ModelAdmin
from .decision import ReadOnly


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ModelAdmin):  # type: ignore[type-arg]
    list_display = ["created_at", "event", "host", "status", "attempts", "answer_code", "next_at"]
    list_filter = ["status", "event"]
    show_full_result_count = False
    ordering = ["-pk"]
    fields = (
        "created_at", "event", "message", "host", "status", "attempts", "next_at", "answer_code",
        "answer", "settled_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("endpoint"))
    def host(self, delivery: Delivery) -> str:
        return str(urlsplit(delivery.url).netloc)  # what is behind it may be a secret

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return restricted_to(request.user) is None and super().has_view_permission(request, obj)
