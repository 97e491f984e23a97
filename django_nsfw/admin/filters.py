"""Filters of the list of scans. None asks all rows what they have."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import Scan
from ..permissions import restricted_to


class WaitingFilter(admin.SimpleListFilter):
    """Opens on the queue; everything else is one click away."""

    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("All")), *((status.value, status.label) for status in Scan.Status)]

    def choices(self, changelist: Any) -> Any:
        chosen = self.value()
        yield {
            "selected": chosen is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("Waiting"),
        }
        for value, label in self.lookup_choices:
            yield {
                "selected": chosen == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset.filter(status__in=Scan.WAITING)
        return queryset if chosen == "all" else queryset.filter(status=chosen)


class FieldFilter(admin.SimpleListFilter):
    """The watched fields; asking ten million rows for their distinct values takes too long."""

    title = _("field")
    parameter_name = "field"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        from ..registry import registry

        fields = restricted_to(request.user)
        watched = sorted(registry.watched)
        return [(label, label) for label in watched if fields is None or label in fields]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset if chosen is None else queryset.filter(field=chosen)


class EscalatedFilter(admin.SimpleListFilter):
    title = _("escalated")
    parameter_name = "escalated"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        # What has no file any more keeps its mark.
        marked = Q(escalated_at__isnull=False, status__in=Scan.WAITING)
        return queryset.filter(marked if self.value() == "yes" else ~marked)
