"""Fields and objects of the host, as text."""

import json
from typing import Any

from django.db import models


def field_label(field: "models.Field[Any, Any]") -> str:
    """``app_label.Model.field`` of the model that defines the column, for proxies and children."""
    return f"{field.model._meta.concrete_model._meta.label}.{field.name}"  # type: ignore[union-attr]


def object_pk(instance: models.Model, field: "models.Field[Any, Any]") -> str:
    """The primary key, as text, in the table that holds the column."""
    pk = field.model._meta.pk
    assert pk is not None  # noqa: S101 - every concrete model has one
    return pk_as_text(pk.value_from_object(instance))


def pk_as_text(pk: Any) -> str:
    """A primary key of one column as itself, a composite one as a JSON list of its parts."""
    return json.dumps([str(part) for part in pk]) if isinstance(pk, tuple) else str(pk)


def pk_from_text(model: type[models.Model], text: str) -> Any:
    """What ``filter(pk=…)`` takes; the reverse of ``pk_as_text``."""
    return tuple(json.loads(text)) if len(model._meta.pk_fields) > 1 else text
