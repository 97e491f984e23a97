"""Reports in Wagtail's admin: what was decided, and what came in day by day."""

from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import BaseColumn, Column, DateColumn, NumberColumn, TitleColumn
from wagtail.admin.views.reports import ReportView
from wagtail.admin.widgets.button import HeaderButton

from ...models import Decision
from ...permissions import may_see_reports, visible_decisions
from ...queue.words import field_name, plain, subject
from ...reports import Period, Scope, recent
from ...reports.cells import defused
from ...reports.inflow import Day

PERIODS = (7, 30, 90)
"""Days to choose from."""

DEFAULT = 30


class DecisionFilterSet(WagtailFilterSet):
    action = django_filters.MultipleChoiceFilter(
        label=_("Action"), choices=Decision.Action.choices, widget=forms.CheckboxSelectMultiple
    )
    created_at = django_filters.DateFromToRangeFilter(
        label=_("Decided"), widget=DateRangePickerWidget
    )

    class Meta:
        model = Decision
        fields: list[str] = []


class DecisionsReport(ReportView):
    """The log of decisions in the fields that a person moderates."""

    model = Decision
    permission_required = "view"
    page_title = _("Decisions about pictures")
    header_icon = "view"
    filterset_class = DecisionFilterSet
    default_ordering = "-created_at"
    index_url_name = "nsfw_decisions_report"
    index_results_url_name = "nsfw_decisions_report_results"
    export_filename = "decisions"
    list_export = [
        "created_at",
        "action",
        "moderator_name",
        "scan.field",
        "scan.object_pk",
        "from_status",
        "to_status",
        "note",
    ]
    export_headings = {
        "scan.field": _("Field"),
        "scan.object_pk": _("Object"),
        "moderator_name": _("moderator"),
    }
    custom_value_preprocess = {
        **ReportView.custom_value_preprocess,
        str: {ReportView.FORMAT_CSV: defused, ReportView.FORMAT_XLSX: defused},
    }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """To read the log is one permission, to take it along needs another one besides."""
        if "export" in request.GET and not may_see_reports(request.user):
            raise PermissionDenied
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        return response

    @cached_property
    def show_export_buttons(self) -> bool:
        return may_see_reports(self.request.user)

    def get_base_queryset(self) -> QuerySet[Decision]:
        made = Decision.objects.select_related("scan", "undone_by").defer("scan__crops")
        return visible_decisions(self.request.user, made)

    @cached_property
    def columns(self) -> list[BaseColumn]:
        return [
            DateColumn("created_at", label=_("Decided"), sort_key="created_at"),
            Column("action", label=_("Action"), accessor="get_action_display"),
            Column("moderator", label=_("Moderator"), accessor=lambda d: plain(d.moderator_name)),
            TitleColumn(
                "object",
                label=_("Object"),
                accessor=lambda decision: subject(decision.scan),
                get_url=lambda decision: reverse("nsfw_queue:item", args=[decision.scan_id]),
            ),
            Column("field", label=_("Field"), accessor=lambda d: field_name(d.scan.field)),
            Column("note", label=_("Note"), accessor=lambda d: plain(d.note)),
            Column("undone", label=_("Undone"), accessor=_undone),
        ]


class DaysReport(ReportView):
    """What came in each day, and who settled it."""

    page_title = _("Pictures by day")
    header_icon = "calendar-alt"
    index_url_name = "nsfw_days_report"
    index_results_url_name = "nsfw_days_report_results"
    paginate_by = None
    export_filename = "pictures-by-day"
    export_headings = {
        "day": _("day"),
        "came": _("scanned"),
        "allowed": _("let through"),
        "to_review": _("for review"),
        "rejecting": _("rejected by the policy"),
        "unknown": _("no score"),
        "awaits_score": _("awaiting its score"),
        "approved": _("people: approved"),
        "rejected": _("people: rejected"),
        "undone": _("undone"),
    }
    list_export = list(export_headings)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_see_reports(request.user):
            raise PermissionDenied
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        return response

    def get_queryset(self) -> Any:
        """Not rows of a table: days, the newest first. Counted no more often than every minutes."""
        scope = Scope(user=self.request.user, period=Period.until_today(self._days))
        return recent(scope).inflow[::-1]

    @cached_property
    def columns(self) -> list[BaseColumn]:
        day, *counts = self.export_headings.items()
        return [
            Column("day", label=capfirst(day[1]), accessor=_day_of),
            *(NumberColumn(name, label=capfirst(label)) for name, label in counts),
        ]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        return [
            HeaderButton(
                label=ngettext("%d day", "%d days", days) % days,
                url=f"?days={days}",
                priority=days,
                attrs={"aria-current": "true"} if days == self._days else {},
            )
            for days in PERIODS
        ]

    @property
    def _days(self) -> int:
        asked = self.request.GET.get("days", "")
        return next((days for days in PERIODS if str(days) == asked), DEFAULT)


class DecisionsMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("django_nsfw.view_decision"))


class DaysMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return may_see_reports(request.user)


def _day_of(day: Day) -> str:
    return date_format(day.day, "SHORT_DATE_FORMAT")


def _undone(decision: Decision) -> str:
    undo = decision.undone
    return "" if undo is None else f"#{undo.pk}"
