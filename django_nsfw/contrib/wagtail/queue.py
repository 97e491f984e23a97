"""The review queue in Wagtail's admin: what waits as a listing, and a page for each item."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.apps import apps
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import BaseColumn, BulkActionsCheckboxColumn, Column, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.base import ViewSet

from ...models import Scan
from ...models.keys import pk_as_text, pk_from_text
from ...models.scan import VERDICTS
from ...permissions import may_see, visible
from ...queue.asking import Question
from ...queue.counts import count
from ...queue.words import age, field_name, plain, reason, score, subject, threshold
from ...registry import registry
from . import item

PAGE = 20


class QueueMenuItem(MenuItem):
    """Says how much waits for who looks, at the price of one query a page."""

    def is_shown(self, request: HttpRequest) -> bool:
        return may_see(request.user)

    def render_component(self, request: HttpRequest) -> Any:
        shown = super().render_component(request)
        shown.classname = f"{shown.classname} nsfw-menu-item"
        waiting = count(Question(), request.user)  # type: ignore[arg-type]
        if waiting.number:
            shown.label = f"{shown.label} ({waiting})"
        return shown


class ScanFilterSet(WagtailFilterSet):
    status = django_filters.MultipleChoiceFilter(
        label=_("Status"), choices=Scan.Status.choices, widget=forms.CheckboxSelectMultiple
    )
    verdict = django_filters.MultipleChoiceFilter(
        label=_("Verdict"),
        choices=[(verdict.value, said) for verdict, said in VERDICTS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    field = django_filters.MultipleChoiceFilter(
        label=_("Field"),
        choices=lambda: [(label, field_name(label)) for label in sorted(registry.watched)],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Scan
        fields: list[str] = []


class PictureColumn(BaseColumn):
    cell_template_name = "nsfw_wagtail/picture_cell.html"


class QueueView(generic.IndexView):
    """What waits, the oldest first; with a filter on the status anything else."""

    model = Scan
    permission_required = "view"
    any_permission_required = None
    template_name = "nsfw_wagtail/queue.html"
    filterset_class = ScanFilterSet
    default_ordering = "created_at"
    paginate_by = PAGE
    page_title = _("Review queue")

    def get_base_queryset(self) -> QuerySet[Scan]:
        everything = "status" in self.request.GET
        scans = Scan.objects.all() if everything else Scan.objects.waiting()
        scans = scans.select_related("uploader", "known__decision")
        return visible(self.request.user, scans.defer("crops", "pdq_rotations"))

    @cached_property
    def columns(self) -> list[BaseColumn]:
        thresholds = {label: threshold(label) for label in registry.watched}
        return [
            BulkActionsCheckboxColumn("bulk_actions", obj_type="scan"),
            PictureColumn("picture", label=_("Picture")),
            TitleColumn(
                "title",
                label=_("Object"),
                accessor="shown_as",
                url_name=self.item_url_name,
                get_title_id=lambda scan: f"scan_{scan.pk}_title",
            ),
            Column("field", label=_("Field"), accessor=lambda scan: field_name(scan.field)),
            Column(
                "score",
                label=_("Score"),
                accessor=lambda scan: "–" if scan.nsfw is None else score(scan.nsfw),
                sort_key="nsfw",
            ),
            Column(
                "reason",
                label=_("Reason"),
                accessor=lambda scan: reason(scan, thresholds.get(scan.field)),
            ),
            Column("status", label=_("Status"), accessor="get_status_display"),
            Column(
                "uploader",
                label=_("Uploader"),
                accessor=lambda scan: plain(str(scan.uploader or "")),
            ),
            Column(
                "age",
                label=_("Age"),
                accessor=lambda scan: age(scan.created_at),
                sort_key="created_at",
            ),
        ]

    item_url_name = "nsfw_queue:item"

    def get_context_data(self, **kwargs: Any) -> Mapping[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        named = titles(context["object_list"])
        for scan in context["object_list"]:
            scan.shown_as = named[scan.pk]
        context["no_results_message"] = _("Nothing waits. That is all for now.")
        return context


class QueueViewSet(ViewSet):
    name = "nsfw_queue"
    url_prefix = "review-queue"
    icon = "view"
    menu_label = _("Review queue")
    menu_name = "nsfw-review-queue"
    menu_order = 350
    menu_item_class = QueueMenuItem
    add_to_admin_menu = True

    def get_common_view_kwargs(self, **kwargs: Any) -> Mapping[str, Any]:
        return {
            "index_url_name": self.get_url_name("index"),
            "index_results_url_name": self.get_url_name("index_results"),
            "item_url_name": self.get_url_name("item"),
            "header_icon": self.icon,
            **kwargs,
        }

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", self.construct_view(QueueView), name="index"),
            path(
                "results/", self.construct_view(QueueView, results_only=True), name="index_results"
            ),
            path("<int:pk>/", self.construct_view(item.ItemView), name="item"),
            path("<int:pk>/blurred/", item.blurred, name="blurred"),
            path("<int:pk>/reveal/", item.reveal, name="reveal"),
            path("<int:pk>/decide/", item.decide, name="decide"),
            path("undo/<int:decision>/", item.undo, name="undo"),
        ]


def titles(scans: Sequence[Scan]) -> Mapping[int, str]:
    """Key of a scan → its object, in its own words where it has any. One query a table."""
    found: dict[tuple[str, str], str] = {}
    for label in {scan.field for scan in scans}:
        for key, said in _of_field(label, [scan for scan in scans if scan.field == label]):
            found[label, key] = said
    return {scan.pk: found.get((scan.field, scan.object_pk)) or subject(scan) for scan in scans}


def _of_field(label: str, scans: list[Scan]) -> Iterator[tuple[str, str]]:
    try:
        model = apps.get_model(label.rpartition(".")[0])
    except (LookupError, ValueError):
        return  # it left the project
    for db in {scan.object_db for scan in scans}:
        pks = [pk_from_text(model, scan.object_pk) for scan in scans if scan.object_db == db]
        for pk, instance in model._base_manager.using(db).in_bulk(pks).items():
            yield pk_as_text(pk), plain(str(instance))
