"""The log of decisions, as its filters left it, for spreadsheets."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils import timezone

from ...models import Decision
from ...models.batches import batches_of
from ...permissions import may_see_reports
from ...reports.cells import defused

COLUMNS = (
    "decision", "decided_at", "action", "from_status", "to_status", "scan", "field", "object",
    "sha256", "moderator", "note", "inherited_from", "undoes", "undone_by", "batch",
    "handling_ms",
)  # fmt: skip

BATCH = 500
"""Decisions that are read at a time."""

BOM = "\ufeff"
"""Without it Excel takes the text for that of another code page."""


def download(model_admin: "ModelAdmin[Any]", request: HttpRequest) -> HttpResponseBase:
    """What the list shows with the same query string, all of its pages. Newest first."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not (model_admin.has_view_permission(request) and may_see_reports(request.user)):
        raise PermissionDenied
    try:
        decisions = model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        log = reverse(f"{model_admin.admin_site.name}:django_nsfw_decision_changelist")
        return HttpResponseRedirect(f"{log}?e=1")  # which says so
    today = timezone.localdate() if timezone.is_aware(timezone.now()) else timezone.now().date()
    return StreamingHttpResponse(
        table(decisions),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="decisions-{today:%Y-%m-%d}.csv"',
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
        },
    )


def table(decisions: QuerySet[Decision]) -> Iterator[str]:
    """CSV, line by line. What is decided meanwhile is not in it."""
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow(COLUMNS)
    rows = decisions.select_related("scan", "undone_by").defer("scan__crops")
    for batch in batches_of(rows, BATCH, newest_first=True):
        for decision in batch:
            yield writer.writerow(map(defused, _row(decision)))


def _row(decision: Decision) -> Iterator[Any]:
    at, undone = decision.created_at, decision.undone
    yield decision.pk
    yield (timezone.localtime(at) if timezone.is_aware(at) else at).isoformat(timespec="seconds")
    yield decision.action
    yield decision.from_status
    yield decision.to_status
    yield decision.scan_id
    yield decision.scan.field
    yield decision.scan.object_pk
    yield decision.sha256
    yield decision.moderator_name
    yield decision.note
    yield decision.inherited_from_id
    yield decision.undoes_id
    yield undone.pk if undone else None
    yield decision.batch
    yield decision.handling_ms


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text
