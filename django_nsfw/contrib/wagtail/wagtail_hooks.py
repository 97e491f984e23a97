"""What of this app stands in Wagtail's admin."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.staticfiles import versioned_static

from . import bulk, reports
from .queue import QueueViewSet

PERMISSIONS = (
    "view_scan", "approve_scan", "reject_scan", "reveal_scan", "bulk_scan",
    "view_decision", "undo_decision", "see_reports",
)  # fmt: skip
"""What people need in Wagtail's admin, for its form of groups."""


@hooks.register("register_admin_viewset")
def register_queue() -> QueueViewSet:
    return QueueViewSet()


@hooks.register("insert_global_admin_css")
def menu_css() -> str:
    return format_html(
        '<link rel="stylesheet" href="{}">', versioned_static("nsfw_wagtail/menu.css")
    )


@hooks.register("register_admin_urls")
def register_reports() -> list[Any]:
    decisions, days = reports.DecisionsReport, reports.DaysReport
    return [
        path("reports/picture-decisions/", decisions.as_view(), name="nsfw_decisions_report"),
        path(
            "reports/picture-decisions/results/",
            decisions.as_view(results_only=True),
            name="nsfw_decisions_report_results",
        ),
        path("reports/pictures-by-day/", days.as_view(), name="nsfw_days_report"),
        path(
            "reports/pictures-by-day/results/",
            days.as_view(results_only=True),
            name="nsfw_days_report_results",
        ),
    ]


@hooks.register("register_reports_menu_item")
def register_decisions_menu_item() -> reports.DecisionsMenuItem:
    return reports.DecisionsMenuItem(
        _("Decisions about pictures"), reverse("nsfw_decisions_report"),
        name="nsfw-decisions", icon_name="view", order=1200,
    )  # fmt: skip


@hooks.register("register_reports_menu_item")
def register_days_menu_item() -> reports.DaysMenuItem:
    return reports.DaysMenuItem(
        _("Pictures by day"), reverse("nsfw_days_report"),
        name="nsfw-days", icon_name="calendar-alt", order=1210,
    )  # fmt: skip


@hooks.register("register_permissions")
def register_permissions() -> QuerySet[Permission]:
    return Permission.objects.filter(
        content_type__app_label="django_nsfw", codename__in=PERMISSIONS
    )


for action in bulk.ACTIONS:
    hooks.register("register_bulk_action", action)
