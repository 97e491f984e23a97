"""For lists that visitors see: leave held objects out, or say that they wait, in one query."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models, router
from django.db.models import Exists, QuerySet, Subquery
from django.db.models.fields.files import FieldFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .models import Scan
from .models.exact import OuterName
from .models.keys import field_label

M = TypeVar("M", bound=models.Model)

NOTICES: Mapping[str, Promise] = {
    Scan.Status.PENDING.value: _(
        "This picture is being checked. Until then a placeholder stands in its place."
    ),
    Scan.Status.HELD.value: _(
        "This picture awaits review. Until somebody has approved it, a placeholder stands in its "
        "place."
    ),
    Scan.Status.REJECTED.value: _(
        "A moderator has removed this picture. A placeholder stands in its place."
    ),
}
"""Status of a picture behind a placeholder → what whoever put it there may be told."""


def exclude_held(queryset: QuerySet[M], field: str | None = None) -> QuerySet[M]:
    """Leave out the objects whose file visitors may not see: pending, held or rejected.

    ``field`` may be left out where the model has one file field. Part of the same query.
    """
    hidden = Exists(_scans(queryset, field).filter(status__in=Scan.HIDDEN))
    return queryset.filter(~hidden)


def with_nsfw_status(queryset: QuerySet[M], field: str | None = None) -> QuerySet[M]:
    """Annotate ``nsfw_<field>``: the status of the file that the row names, None if unscanned.

    The filters of ``{% load nsfw %}`` read it and then cost no query a row.
    """
    name = _file_field(queryset.model, field).name
    status = _scans(queryset, field).order_by("-pk").values("status")[:1]
    annotated: QuerySet[M] = queryset.annotate(**{annotation(name): Subquery(status)})
    return annotated


def annotation(field_name: str) -> str:
    return f"nsfw_{field_name}"


def status_of(file: FieldFile | None) -> str | None:
    """The status of one file: from the annotation where there is one, else by a query."""
    if not isinstance(file, FieldFile):
        if not file:  # what a template passes where a relation is empty
            return None
        raise TypeError(f"{file!r} is no file of a model field.")
    if not file:
        return None
    instance, field = file.instance, file.field
    known = vars(instance)
    if annotation(field.name) in known:
        status: str | None = known[annotation(field.name)]
        return status
    return (
        Scan.objects.filter(field=field_label(field), name=file.name)
        .order_by("-pk")
        .values_list("status", flat=True)
        .first()
    )


def _scans(queryset: QuerySet[Any], field: str | None) -> QuerySet[Scan]:
    model_field = _file_field(queryset.model, field)
    scans_in = router.db_for_read(Scan)
    if queryset.db != scans_in:
        raise ValueError(
            f"{queryset.model._meta.label} is read from the database {queryset.db!r}, the scans "
            f"are in {scans_in!r}: one query cannot join them."
        )
    # By name, not by primary key: names are unique to a scan, text on every database, and a row
    # that names another file by now is not the row that was scanned.
    name = OuterName(queryset.model, model_field.attname)
    return Scan.objects.filter(field=field_label(model_field), name=name)


def _file_field(model: type[models.Model], name: str | None) -> models.FileField:
    files = [f for f in model._meta.concrete_fields if isinstance(f, models.FileField)]
    names = ", ".join(f.name for f in files) or "none"
    if name is None:
        if len(files) != 1:
            raise ValueError(f"{model._meta.label}: name the file field, one of: {names}.")
        return files[0]
    for field in files:
        if field.name == name:
            return field
    raise FieldDoesNotExist(f"{model._meta.label} has no file field {name!r}, only: {names}.")
