"""The page of reports, and the log of decisions as a table for spreadsheets.

A process that starts learns the URLs; the views come when one of them is asked for.
"""

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path

from ..base import ModelAdmin


class Reports(ModelAdmin):  # type: ignore[type-arg]
    """Beside the log of decisions, which most of the figures sum up."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("reports/", view(self.reports_view), name="django_nsfw_reports"),
            path("reports/simulator/", view(self.simulator_view), name="django_nsfw_simulator"),
            path("shadow/", view(self.shadow_view), name="django_nsfw_shadow"),
            path("export/", view(self.export_view), name="django_nsfw_decision_export"),
            *super().get_urls(),
        ]

    def reports_view(self, request: HttpRequest) -> HttpResponseBase:
        from . import page

        return page.show(self, request)

    def simulator_view(self, request: HttpRequest) -> HttpResponseBase:
        from . import simulator

        return simulator.show(self, request)

    def shadow_view(self, request: HttpRequest) -> HttpResponseBase:
        from . import shadow

        return shadow.show(self, request)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        from . import export

        return export.download(self, request)
