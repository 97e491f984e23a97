"""What drf-spectacular cannot see by itself. Imported where that is installed."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension, OpenApiViewExtension
from drf_spectacular.utils import extend_schema, extend_schema_view

from . import queries

_ROOM = "django_nsfw.contrib.rest_framework"


class NamedChoices(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = f"{_ROOM}.fields.NamedChoices"
    match_subclasses = True

    def get_name(self) -> str:
        return str(self.target.component)

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        mapped = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        return {key: mapped[key] for key in ("type", "enum", "description") if key in mapped}


class Scans(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = f"{_ROOM}.views.ScanViewSet"

    def view_replacement(self) -> Any:
        return _asking(self.target_class, queries.ScanQuery)


class Decisions(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = f"{_ROOM}.views.DecisionViewSet"

    def view_replacement(self) -> Any:
        return _asking(self.target_class, queries.DecisionQuery)


def _asking(viewset: Any, query: type[queries.Asked]) -> Any:
    return extend_schema_view(list=extend_schema(parameters=[query]))(
        type(viewset.__name__, (viewset,), {"__doc__": viewset.__doc__})
    )
