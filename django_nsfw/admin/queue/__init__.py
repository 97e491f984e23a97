"""The review queue: a grid for many, a page for one, and what both post to.

Every process of a site imports this at its start, and few of them review: a view is imported when
it is called.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from ...models import ReviewQueue
from ...one_by_one import one_by_one
from ...permissions import may_see
from ..base import ModelAdmin
from .counted import counted

GET, POST = ("GET", "HEAD"), ("POST",)

VIEWS = (
    ("queue/", "grid.grid", "django_nsfw_queue", GET),
    ("queue/<int:pk>/", "single.item", "django_nsfw_queue_item", GET),
    ("queue/<int:pk>/decide/", "deciding.decide", "django_nsfw_queue_decide", POST),
    ("queue/<int:pk>/explain/", "explaining.explain", "django_nsfw_queue_explain", POST),
    ("queue/<int:pk>/claim/", "claiming.claim", "django_nsfw_queue_claim", POST),
    ("queue/undo/<int:decision>/", "deciding.undo", "django_nsfw_queue_undo", POST),
    ("queue/preferences/", "preferences.prefer", "django_nsfw_queue_preferences", POST),
    ("queue/bulk/", "bulk.bulk", "django_nsfw_queue_bulk", POST),
    ("queue/bulk/<uuid:batch>/", "bulk.result", "django_nsfw_queue_batch", GET),
    ("queue/bulk/undo/", "bulk.undo", "django_nsfw_queue_bulk_undo", POST),
    ("queue/state/", "state.state", "django_nsfw_queue_state", GET),
    ("queue/saved/", "saved.saved", "django_nsfw_queue_saved", POST),
)
"""Route, view in this package, name, methods. A view takes the admin of scans and the request."""

NO_TRANSACTION = ("bulk.bulk", "bulk.undo", "deciding.undo", "explaining.explain")
"""Those that may decide about many in one go, or ask a detector for seconds."""


class Queue(ModelAdmin):  # type: ignore[type-arg]
    """The views of the review queue. All of them take the permission to see scans."""

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        return [
            *(
                path(route, site.admin_view(self._queue_view(view, methods)), name=name)
                for route, view, name, methods in VIEWS
            ),
            *super().get_urls(),
        ]

    def _queue_view(self, view: str, methods: tuple[str, ...]) -> Callable[..., HttpResponseBase]:
        module, name = view.split(".")

        def answer(request: HttpRequest, **asked: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if not self.has_view_permission(request):
                raise PermissionDenied
            response: HttpResponse = getattr(import_module(f".{module}", __name__), name)(
                self, request, **asked
            )
            return response

        if view == "bulk.bulk":
            return one_by_one(counted(answer, self._queue_address))
        return one_by_one(answer) if view in NO_TRANSACTION else answer

    def _queue_address(self) -> str:
        return reverse(f"{self.admin_site.name}:django_nsfw_queue")


@admin.register(ReviewQueue)
class ReviewQueueAdmin(ModelAdmin):  # type: ignore[type-arg]
    """Leads from the index of the admin to the queue, and has no page of its own."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.to_the_queue)
        return [path("", view, name="django_nsfw_reviewqueue_changelist")]

    def to_the_queue(self, request: HttpRequest) -> HttpResponse:
        return redirect(f"{self.admin_site.name}:django_nsfw_queue")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_see(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_see(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
