"""Rescans, to be read: how far they are and what they found. ``nsfw_rescan`` starts them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import Chunk, Run
from ..permissions import visible_runs
from .base import ModelAdmin
from .decision import ReadOnly


@admin.register(Run)
class RunAdmin(ReadOnly, ModelAdmin):  # type: ignore[type-arg]
    list_display = [
        "number", "status", "looked_at", "failed", "created_at", "finished_at", "fields_",
    ]  # fmt: skip
    list_filter = ["status"]
    show_full_result_count = False
    ordering = ["-pk"]
    fields = (
        "status", "created_at", "finished_at", "targets", "options", "rows", "remaining",
        "enqueued", "counts", "failed",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return visible_runs(request.user, super().get_queryset(request))

    @admin.display(description=_("number"), ordering="pk")
    def number(self, run: Run) -> int:
        return run.pk

    @admin.display(description=_("fields"))
    def fields_(self, run: Run) -> str:
        return ", ".join(label for label, _db in run.targets)

    @admin.display(description=_("looked at"))
    def looked_at(self, run: Run) -> int:
        return int(run.counts.get("chosen", 0))

    @admin.display(description=_("chunks given up"))
    def failed(self, run: Run) -> int:
        return run.chunks.filter(status=Chunk.Status.FAILED).count()
