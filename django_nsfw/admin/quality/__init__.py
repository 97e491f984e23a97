"""The quality sample in the admin: one picture after the other, and what came of it.

Every process of a site imports this at its start: the views are imported when they are called.
"""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from ..base import ModelAdmin


class Quality(ModelAdmin):  # type: ignore[type-arg]
    """The pages of the quality sample, below those of scans."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("quality/", view(self.quality_view), name="django_nsfw_quality"),
            path(
                "quality/report/", view(self.quality_report_view), name="django_nsfw_quality_report"
            ),
            *super().get_urls(),
        ]

    def quality_view(self, request: HttpRequest) -> HttpResponse:
        from .views import ask

        return ask(self, request)

    def quality_report_view(self, request: HttpRequest) -> HttpResponse:
        from .views import tell

        return tell(self, request)
