"""What is known, to be read; and revoked, where an entry does more harm than good."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..models import KnownImage
from ..models.known import KnownImageQuerySet
from ..one_by_one import one_by_one
from ..permissions import may_manage_known, visible_known
from .base import ModelAdmin
from .decision import ReadOnly

SHOWN = 12
"""Digits of a hash in the list; two that agree in so many are worth a click."""


BATCH = 500
"""Entries that an action changes at a time."""


class InForceFilter(admin.SimpleListFilter):
    title = _("standing")
    parameter_name = "revoked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("in force")), ("yes", _("revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(revoked_at__isnull=self.value() == "no")


@admin.register(KnownImage)
class KnownImageAdmin(ReadOnly, ModelAdmin):  # type: ignore[type-arg]
    list_display = ["outcome", "origin", "bytes", "likeness", "revoked_at", "created_at"]
    list_filter = ["outcome", InForceFilter]
    list_select_related = ["decision"]
    search_fields = ["sha256__startswith", "pdq__startswith", "source__startswith"]
    search_help_text = _("SHA-256, PDQ hash or name of a list, from its beginning")
    show_full_result_count = False
    ordering = ["-pk"]
    actions = ["revoke", "reinstate"]
    fields = (
        "outcome", "origin", "decision", "sha256", "pdq", "quality", "note", "created_at",
        "revoked_at",
    )  # fmt: skip
    readonly_fields = fields

    class Media:
        css = {"all": ["django_nsfw/theme.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[KnownImage]:
        return visible_known(request.user, super().get_queryset(request))

    @one_by_one
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    @admin.display(description=_("according to"))
    def origin(self, known: KnownImage) -> str:
        return known.origin

    @admin.display(description=_("SHA-256"))
    def bytes(self, known: KnownImage) -> str:
        return _shortened(known.sha256)

    @admin.display(description=_("PDQ hash"))
    def likeness(self, known: KnownImage) -> str:
        return _shortened(known.pdq)

    @admin.action(description=_("Revoke: recognise them no more"), permissions=["manage"])
    def revoke(self, request: HttpRequest, queryset: KnownImageQuerySet) -> None:
        in_force = queryset.filter(revoked_at__isnull=True)
        done = self._change(request, in_force, KnownImageQuerySet.revoke, _("Revoked."))
        text = ngettext("%d entry was revoked.", "%d entries were revoked.", done) % done
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)

    @admin.action(description=_("Reinstate: recognise them again"), permissions=["manage"])
    def reinstate(self, request: HttpRequest, queryset: KnownImageQuerySet) -> None:
        revoked = queryset.reinstatable()
        done = self._change(request, revoked, KnownImageQuerySet.reinstate, _("Reinstated."))
        text = ngettext("%d entry was reinstated.", "%d entries were reinstated.", done) % done
        self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)

    def _change(
        self,
        request: HttpRequest,
        entries: KnownImageQuerySet,
        verb: Callable[[KnownImageQuerySet], int],
        said: Any,
    ) -> int:
        """Somebody may have selected a whole list. The history of each says who did it."""
        done = 0
        for batch in entries.batches(BATCH):
            with transaction.atomic(using=router.db_for_write(KnownImage)):
                done += verb(KnownImage.objects.filter(pk__in=[known.pk for known in batch]))
                LogEntry.objects.log_actions(cast("int", request.user.pk), batch, CHANGE, str(said))
        return done

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may_manage_known(request.user)


def _shortened(digest: str) -> str:
    return f"{digest[:SHOWN]}…" if digest else "–"
