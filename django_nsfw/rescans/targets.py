"""Which files a rescan is about: watched fields, each in one database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.apps import apps
from django.db import connections, models, router

from ..exceptions import RescanRefused
from ..models.keys import pk_as_text, pk_from_text
from ..registry import WatchedField, explain_missing, registry


@dataclass(frozen=True, kw_only=True)
class Target:
    """The column of one watched field in one database, walked by primary key."""

    watched: WatchedField
    db: str

    @classmethod
    def of(cls, label: str, db: str) -> Self:
        """Of a run that was started earlier; the project may have changed since."""
        watched = registry.watched.get(label)
        if watched is None:
            raise RescanRefused(f"The run is about {label}, which is not watched any more.")
        if db not in connections:
            raise RescanRefused(f"The run is about the database {db!r}, which is not configured.")
        return cls(watched=watched, db=db)

    @property
    def label(self) -> str:
        return self.watched.label

    @property
    def rows(self) -> "models.QuerySet[models.Model]":
        """Every row, whatever managers of the site leave out."""
        return self.watched.model._base_manager.using(self.db)

    def between(self, after: str | None, upto: str) -> "models.QuerySet[models.Model]":
        rows = self.rows.filter(pk__lte=pk_from_text(self.watched.model, upto))
        return self._above(rows, after).order_by("pk")

    def boundary(self, after: str | None, size: int) -> str | None:
        """The key ``size`` rows further on, or the last one there is; None at the end."""
        keys = self._above(self.rows, after).values_list("pk", flat=True)
        pk: Any = keys.order_by("pk")[size - 1 : size].first()
        if pk is None:
            pk = keys.order_by("-pk").first()
        return None if pk is None else pk_as_text(pk)

    def _above(
        self, rows: "models.QuerySet[models.Model]", after: str | None
    ) -> "models.QuerySet[models.Model]":
        if after is None:
            return rows
        return rows.filter(pk__gt=pk_from_text(self.watched.model, after))


def find_targets(names: Sequence[str], database: str | None = None) -> list[Target]:
    """What ``app.Model`` and ``app.Model.field`` name; every watched field where nothing is named.

    ``database``: an alias in place of the one that the router gives for writing. Raises
    ``RescanRefused`` naming what is wrong and what is valid.
    """
    if database is not None and database not in connections:
        known = ", ".join(connections)
        raise RescanRefused(f"There is no database {database!r}. Configured: {known}.")
    found: dict[str, WatchedField] = {}
    for name in names:
        found |= {watched.label: watched for watched in _named(name)}
    if not names:
        found = dict(registry.watched)
        if not found:
            raise RescanRefused(
                "No field is watched: put NSFWValidator among the validators of a file field, or "
                "name the field in NSFW_FIELDS."
            )
    return [
        Target(watched=watched, db=database or router.db_for_write(watched.model))
        for watched in found.values()
    ]


def _named(name: str) -> Iterator[WatchedField]:
    app_label, _, rest = name.partition(".")
    model_name, _, field_name = rest.partition(".")
    if not model_name:
        raise RescanRefused(f"{name!r} must have the form 'app_label.Model' or with '.field'.")
    try:
        model = apps.get_model(app_label, model_name)
    except LookupError as error:
        raise RescanRefused(f"{name!r}: {error}") from error
    if field_name:
        yield _field(name, model, field_name)
        return
    concrete = model._meta.concrete_model or model
    own = [watched for watched in registry.watched.values() if watched.model is concrete]
    if own:
        yield from own
        return
    parents = [w.label for w in registry.watched.values() if issubclass(concrete, w.model)]
    if parents:
        raise RescanRefused(f"{name!r}: its files are those of its parent; name {parents[0]!r}.")
    files = [f.name for f in concrete._meta.get_fields() if isinstance(f, models.FileField)]
    if files:
        names = ", ".join(files)
        raise RescanRefused(
            f"{name!r}: no file field of it ({names}) is watched. {_HOW}{_watched()}"
        )
    raise RescanRefused(f"{name!r} has no file field.{_watched()}")


_HOW = "Give the field NSFWValidator, or name it in NSFW_FIELDS."


def _field(name: str, model: type[models.Model], field_name: str) -> WatchedField:
    label = f"{(model._meta.concrete_model or model)._meta.label}.{field_name}"
    watched = registry.watched.get(label)
    if watched is not None:
        return watched
    files = {f.name: f for f in model._meta.get_fields() if isinstance(f, models.FileField)}
    field = files.get(field_name)
    if field is not None and field.model._meta.concrete_model is model._meta.concrete_model:
        raise RescanRefused(f"{name!r} is a file field that is not watched. {_HOW}{_watched()}")
    raise RescanRefused(explain_missing(label))


def _watched() -> str:
    return f" Watched: {', '.join(registry.watched) or 'nothing'}."
