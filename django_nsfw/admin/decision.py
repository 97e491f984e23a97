"""The log of decisions: to be read, never written. What it says can be undone, on record."""

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..exceptions import NSFWError
from ..models import Decision
from ..models.scan import digest_begins
from ..one_by_one import one_by_one
from ..permissions import may_see_reports, may_undo, may_undo_anything, visible_decisions
from .base import TabularInline
from .log import DecisionFieldFilter, ModeratorFilter, OriginFilter
from .reports import Reports

if TYPE_CHECKING:
    from ..decisions import Undone


class ReadOnly:
    """Nothing is added, changed or deleted through these pages."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SaysUndone:
    """Which decisions do not stand any more."""

    @admin.display(description=_("undone"))
    def undone(self, decision: Decision) -> str:
        undo = decision.undone
        if undo is None:
            return "–"
        said = _("decision #%d") % undo.pk
        name = undo.moderator_name
        return _("%(decision)s by %(name)s") % {"decision": said, "name": name} if name else said


@admin.register(Decision)
class DecisionAdmin(SaysUndone, ReadOnly, Reports):
    list_display = ["created_at", "action", "by", "scan", "from_status", "undone"]
    list_filter = ["action", OriginFilter, ModeratorFilter, DecisionFieldFilter, "created_at"]
    list_select_related = ["scan", "undone_by"]
    actions = ["undo", "undo_batch"]
    search_fields = ["sha256"]
    search_help_text = _("SHA-256 of the file, from its beginning")
    show_full_result_count = False
    ordering = ["-pk"]

    class Media:
        css = {"all": ["django_nsfw/theme.css"]}

    @admin.display(description=_("moderator"), ordering="moderator_name")
    def by(self, decision: Decision) -> str:
        if decision.inherited_from_id is not None:
            return _("follows decision #%d") % decision.inherited_from_id
        return decision.moderator_name or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        decisions = super().get_queryset(request).defer("scan__crops")
        return visible_decisions(request.user, decisions)

    @one_by_one
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "see_reports": may_see_reports(request.user)}
        return super().changelist_view(request, context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Decision], search_term: str
    ) -> tuple[QuerySet[Decision], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(digest_begins(search_term)), False

    @admin.action(description=_("Undo"), permissions=["undo"])
    def undo(self, request: HttpRequest, queryset: QuerySet[Decision]) -> None:
        self._report(request, self._undo_each(request, queryset.order_by("-pk")))

    @admin.action(description=_("Undo with all that was decided in one go"), permissions=["undo"])
    def undo_batch(self, request: HttpRequest, queryset: QuerySet[Decision]) -> None:
        from ..decisions import undo_batch

        batches = queryset.exclude(batch=None).order_by("-pk").values_list("batch", flat=True)
        for batch in filter(None, dict.fromkeys(batches)):
            made = Decision.objects.filter(batch=batch).exclude(action=Decision.Action.UNDO)
            made = made.select_related("scan").defer("scan__crops")
            if all(may_undo(request.user, decision) for decision in made):
                self._report(request, undo_batch(batch, moderator=_moderator(request)))
            else:
                self.message_user(request, _("Not all of them are yours to undo."), messages.ERROR)
        alone = queryset.filter(batch=None).order_by("-pk")
        self._report(request, self._undo_each(request, alone))

    def has_undo_permission(self, request: HttpRequest) -> bool:
        return may_undo_anything(request.user)

    def _undo_each(self, request: HttpRequest, decisions: Iterable[Decision]) -> "Iterable[Undone]":
        from ..decisions import Undone, undo

        batch = uuid.uuid4()
        for decision in decisions:
            if not may_undo(request.user, decision):
                error: Exception = PermissionError(_("It is not yours to undo."))
                yield Undone(decision=decision, error=error)
                continue
            try:
                made = undo(decision, moderator=_moderator(request), batch=batch)
            except (NSFWError, OSError) as refused:
                yield Undone(decision=decision, error=refused)
            else:
                yield Undone(decision=decision, undo=made)

    def _report(self, request: HttpRequest, results: "Iterable[Undone]") -> None:
        done = 0
        for result in results:
            if result.error is None:
                done += 1
            else:
                text = _("Decision #%(pk)d: %(error)s") % {
                    "pk": result.decision.pk,
                    "error": result.error,
                }
                self.message_user(request, text, messages.ERROR)
        if done:
            text = ngettext("%d decision was undone.", "%d decisions were undone.", done) % done
            self.message_user(request, text, messages.SUCCESS)


def _moderator(request: HttpRequest) -> AbstractBaseUser | None:
    return request.user if isinstance(request.user, AbstractBaseUser) else None


class DecisionInline(SaysUndone, ReadOnly, TabularInline):  # type: ignore[type-arg]
    model = Decision
    fields = (
        "created_at", "action", "from_status", "to_status", "moderator_name", "inherited_from",
        "undone", "note",
    )  # fmt: skip
    readonly_fields = fields
    extra = 0
    show_change_link = True
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return super().get_queryset(request).select_related("undone_by", "inherited_from")
