"""Pages by cursor, as Django REST framework presents them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param


@dataclass(frozen=True, kw_only=True)
class Cursors:
    """A page, and the cursors of those beside it; empty where there is none."""

    rows: Sequence[Any]
    next: str
    previous: str = ""


class Pages(BasePagination):
    """The view finds the rows itself: which indexes lead to them depends on what is asked."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        page: Cursors = view.found()
        address = request.build_absolute_uri()
        self.next = _link(address, "after", page.next, instead_of="before")
        self.previous = _link(address, "before", page.previous, instead_of="after")
        self.display_page_controls = bool(self.next or self.previous)
        return list(page.rows)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def to_html(self) -> str:
        context = {"next_url": self.next, "previous_url": self.previous}
        return render_to_string("rest_framework/pagination/previous_and_next.html", context)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }


def _link(address: str, key: str, cursor: str, *, instead_of: str) -> str | None:
    if not cursor:
        return None
    return replace_query_param(remove_query_param(address, instead_of), key, cursor)
