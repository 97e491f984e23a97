"""The plain list of scans: what waits, what was found, and two actions that settle it."""

import time
import uuid
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ..exceptions import NSFWError
from ..models import Decision, Scan
from ..models.scan import digest_begins
from ..one_by_one import PATIENCE, left, one_by_one
from ..permissions import may_decide, may_decide_in_bulk, visible
from .decision import DecisionInline, ReadOnly
from .filters import EscalatedFilter, FieldFilter, WaitingFilter
from .looking import Looking
from .quality import Quality
from .queue import Queue

MOST = 1000
"""Scans that one request reads for an action: somebody may have selected a whole list."""


@admin.register(Scan)
class ScanAdmin(ReadOnly, Quality, Queue, Looking):
    """The page of a scan shows its picture blurred; looking at it is a permission of its own."""

    list_display = [
        "score",
        "verdict",
        "status",
        "object_link",
        "field_name",
        "uploader",
        "why",
        "created_at",
    ]
    list_filter = [WaitingFilter, EscalatedFilter, "verdict", FieldFilter, "created_at"]
    list_select_related = ["uploader", "known__decision"]
    list_per_page = 50
    search_fields = ["sha256__startswith"]
    search_help_text = _("SHA-256 of the file, from its beginning")
    show_full_result_count = False
    ordering = ["-pk"]
    actions = ["approve", "reject", "escalate"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "status",
                    "escalated_at",
                    "verdict",
                    "score",
                    "reason",
                    "error_message",
                    "resembles",
                ]
            },
        ),
        (
            _("Object"),
            {
                "fields": [
                    "field",
                    "object_link",
                    "uploader",
                    "name",
                    "original_name",
                    "erased_at",
                ]
            },
        ),
        (
            _("File"),
            {
                "fields": [
                    "sha256",
                    "size",
                    "format",
                    "width",
                    "height",
                    "frames",
                    "quarantine_name",
                    "pruned_at",
                ]
            },
        ),
        (_("Detector"), {"fields": ["detector", "ms", "score_table", "created_at", "settled_at"]}),
    ]

    class Media:
        css = {"all": ["django_nsfw/theme.css", "django_nsfw/admin.css"]}
        js = ["django_nsfw/moving.js", "django_nsfw/looking.js"]

    def get_inlines(self, request: HttpRequest, obj: Scan | None) -> list[Any]:
        decided = obj is not None and obj.decisions.exists()
        return [DecisionInline] if decided else []  # no heads above an empty table

    @admin.display(description=_("score"), ordering="nsfw")
    def score(self, scan: Scan) -> SafeString | str:
        from ..queue.words import score as words_for

        if scan.nsfw is None:
            return "–"
        said = words_for(scan.nsfw)
        return format_html(
            '<meter class="nsfw-score" min="0" max="1" value="{}">{}</meter> {}',
            f"{scan.nsfw:.4f}", said, said,
        )  # fmt: skip

    @admin.display(description=_("object"), ordering="object_pk")
    def object_link(self, scan: Scan) -> SafeString | str:
        label = scan.field.rpartition(".")[0]
        text = f"{label.rpartition('.')[2]} {scan.object_pk}"
        if scan.status == Scan.Status.GONE:
            return text
        try:
            meta = apps.get_model(label)._meta
            url = reverse(
                f"{self.admin_site.name}:{meta.app_label}_{meta.model_name}_change",
                args=[quote(scan.object_pk)],
            )
        except (LookupError, ValueError, NoReverseMatch):
            return text  # the model left the project, or has no admin
        return format_html('<a href="{}">{}</a>', url, text)

    @admin.display(description=_("field"), ordering="field")
    def field_name(self, scan: Scan) -> str:
        return str(scan.field).rpartition(".")[2]

    @admin.display(description=_("reason"), ordering="error_code")
    def why(self, scan: Scan) -> str:
        known = scan.known.said(scan.known_distance) if scan.known else ""
        return "; ".join(filter(None, (scan.error_code, known))) or "–"

    @admin.display(description=_("reason"), ordering="error_code")
    def reason(self, scan: Scan) -> str:
        return scan.error_code or "–"

    @admin.display(description=_("known"), ordering="known")
    def resembles(self, scan: Scan) -> str:
        return scan.known.said(scan.known_distance) if scan.known else "–"

    @admin.display(description=_("scores by frame and tile"))
    def score_table(self, scan: Scan) -> SafeString | str:
        from ..queue.words import GROUNDS
        from ..queue.words import score as words_for

        crops = scan.assessment.crops
        if not crops:
            return "–"
        labels = list(crops[0].scores.labels)
        return format_html(
            '<table class="nsfw-crops"><thead><tr><th>{}</th><th>{}</th><th>{}</th>{}</tr></thead>'
            "<tbody>{}</tbody></table>",
            _("frame"), _("tile"), _("ground"),
            format_html_join("", "<th>{}</th>", ((label,) for label in labels)),
            format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td>{}</tr>", (
                (crop.frame + 1, crop.tile + 1, GROUNDS[crop.ground], format_html_join(
                    "", "<td>{}</td>",
                    ((words_for(crop.scores.labels.get(label, 0), 4),) for label in labels),
                ))
                for crop in crops
            )),
        )  # fmt: skip

    @admin.action(description=_("Approve: let people see them"), permissions=["approve"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Scan]) -> None:
        done = self._settle(request, queryset, "approve")
        if done:
            text = ngettext("%d file was approved.", "%d files were approved.", done) % done
            self.message_user(request, text, messages.SUCCESS)

    @admin.action(description=_("Reject: keep them out of reach"), permissions=["reject"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Scan]) -> None:
        done = self._settle(request, queryset, "reject")
        if done:
            text = ngettext("%d file was rejected.", "%d files were rejected.", done) % done
            self.message_user(request, text, messages.SUCCESS)

    @admin.action(description=_("Escalate: somebody else is to look"), permissions=["escalate"])
    def escalate(self, request: HttpRequest, queryset: QuerySet[Scan]) -> None:
        done = self._settle(request, queryset, "escalate")
        if done:
            text = ngettext("%d file was escalated.", "%d files were escalated.", done) % done
            self.message_user(request, text, messages.SUCCESS)

    @one_by_one
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Scan]:
        return visible(request.user, super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Scan], search_term: str
    ) -> tuple[QuerySet[Scan], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(digest_begins(search_term)), False

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return may_decide(request.user, Decision.Action.APPROVE)

    def has_reject_permission(self, request: HttpRequest) -> bool:
        return may_decide(request.user, Decision.Action.REJECT)

    def has_escalate_permission(self, request: HttpRequest) -> bool:
        return may_decide(request.user, Decision.Action.ESCALATE)

    def _settle(self, request: HttpRequest, queryset: QuerySet[Scan], verb: str) -> int:
        """Each on its own: one that cannot be settled does not undo the others."""
        from .. import decisions

        if not may_decide_in_bulk(request.user) and queryset[:2].count() > 1:
            text = _("You may decide only one scan at a time. Nothing was decided.")
            self.message_user(request, text, messages.ERROR)
            return 0
        decide = getattr(decisions, verb)
        done, batch = 0, uuid.uuid4()
        selected, until = queryset.count(), time.monotonic() + PATIENCE
        user = request.user if isinstance(request.user, AbstractBaseUser) else None
        for begun, scan in enumerate(queryset[:MOST]):
            if begun and time.monotonic() >= until:
                break
            selected -= 1
            try:
                decide(scan, moderator=user, batch=batch)
            except (NSFWError, OSError) as error:
                model, field = scan.field.rsplit(".", 2)[1:]
                subject = f"{model} {scan.object_pk}, {field}"  # as the columns have it
                self.message_user(request, f"{subject}: {error}", messages.ERROR)
            else:
                done += 1
        if selected:
            self.message_user(request, left(selected), messages.WARNING)
        return done
