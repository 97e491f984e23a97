"""Filters of the log of decisions. None asks all rows what they have."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..models import Decision
from ..permissions import restricted_to, visible_decisions

RECENT = 10_000
"""Decisions whose moderators are offered; whoever else is named in an address is found, too."""


class ModeratorFilter(admin.SimpleListFilter):
    title = _("moderator")
    parameter_name = "moderator"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Decision.objects.aggregate(pk=Max("pk"))["pk"] or 0
        recent = Decision.objects.filter(moderator__isnull=False, pk__gt=newest - RECENT)
        seen = visible_decisions(request.user, recent).order_by()
        found = seen.values_list("moderator_id").annotate(Max("moderator_name"))
        return sorted(((str(pk), name) for pk, name in found), key=lambda person: person[1])

    def has_output(self) -> bool:
        return self.value() is not None or super().has_output()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset
        target = Decision._meta.get_field("moderator").target_field
        try:
            key = target.clean(chosen, None)
        except ValidationError:  # an address that somebody made up
            return queryset.none()
        return queryset.filter(moderator=key)


class DecisionFieldFilter(admin.SimpleListFilter):
    """The watched fields, those that the person moderates."""

    title = _("field")
    parameter_name = "field"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        from ..registry import registry

        only = restricted_to(request.user)
        return [
            (label, label) for label in sorted(registry.watched) if only is None or label in only
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset if chosen is None else queryset.filter(scan__field=chosen)


class OriginFilter(admin.SimpleListFilter):
    """By hand or not, and what does not stand any more."""

    title = _("how")
    parameter_name = "how"

    HOW = {
        "person": (
            _("by hand"),
            Q(inherited_from=None) & ~Q(moderator=None, moderator_name=""),
        ),
        "inherited": (_("followed another decision"), Q(inherited_from__isnull=False)),
        "program": (
            _("by a program"),
            Q(inherited_from=None, moderator=None, moderator_name=""),
        ),
        "bulk": (_("several in one go"), Q(batch__isnull=False)),
        "undone": (_("undone"), Q(undone_by__isnull=False)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, label) for key, (label, _) in self.HOW.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset if chosen not in self.HOW else queryset.filter(self.HOW[chosen][1])
