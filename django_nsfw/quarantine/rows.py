"""The one row of the host that names a file, read and changed without disturbing the host."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, Self

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.files.storage import Storage
from django.db import connections, models, router
from django.utils.translation import gettext, gettext_noop

from ..exceptions import DecisionRefused
from ..models import Scan
from ..models.exact import exactly
from ..models.keys import field_label, pk_as_text, pk_from_text
from .places import depends_on_object, plain, storage_of, wherever

SETTLED = gettext_noop("Somebody else settled it meanwhile.")
REPLACED = gettext_noop("The object has another file now.")


@dataclass(frozen=True)
class Row:
    """A row of a watched model, by the scan of its file.

    ``located``: its storage, where that was looked up already.
    """

    field: models.FileField
    pk: str
    db: str
    located: Storage | None = attribute(default=None, compare=False)

    @classmethod
    def of(cls, scan: Scan) -> Self:
        """Raises ``DecisionRefused`` where the model or field left the project."""
        return cls(file_field(scan.field), scan.object_pk, scan.object_db)

    @classmethod
    def naming(cls, field: models.FileField, name: str) -> Self | None:
        """The row of any database that names this file. The column has no index: for repairs."""
        model: type[models.Model] = field.model
        for db in databases_of(model):
            rows = model._base_manager.using(db).filter(**{field.attname: name})
            rows = rows.filter(exactly(field.attname, name))
            pk = rows.values_list("pk", flat=True).first()
            if pk is not None:
                return cls(field, pk_as_text(pk), db)
        return None

    @property
    def storage(self) -> Storage:
        """Where its file is. A query where that depends on the object."""
        if self.located is not None:
            return self.located
        if not depends_on_object(self.field):
            return plain(self.field.storage)
        return locate(self.field, [pk_from_text(self.field.model, self.pk)], db=self.db).get(
            self.pk, wherever(self.field)
        )

    @property
    def max_length(self) -> int | None:
        return self.field.max_length

    @property
    def rows(self) -> "models.QuerySet[models.Model]":
        """This row and no other."""
        model: type[models.Model] = self.field.model
        return model._base_manager.using(self.db).filter(pk=pk_from_text(model, self.pk))

    def name(self) -> str | None:
        """What the row names now; None where there is no such row."""
        names = self.rows.values_list(self.field.attname, flat=True)
        name: str | None = names.first()
        return name

    def rename(self, old: str, new: str, **dimensions: int) -> bool:
        """Compare and swap on one row; ``save()`` and its signals are the host's own affair."""
        changes: dict[str, Any] = {self.field.attname: new, **dimensions}
        same = self.rows.filter(exactly(self.field.attname, old))
        return bool(same.update(**changes))

    def dimensions(self, width: int, height: int) -> dict[str, int]:
        """Values for the host's ``width_field`` and ``height_field``, in pixels."""
        wanted = {
            getattr(self.field, "width_field", None): width,
            getattr(self.field, "height_field", None): height,
        }
        return {name: value for name, value in wanted.items() if name and value}


def rename(
    scan: Scan,
    row: Row,
    *,
    to: "Scan.Status",
    name: str,
    quarantine_name: str,
    **dimensions: int,
) -> None:
    """Scan and row name another file from now on. Raises ``DecisionRefused`` where either has
    changed since it was read; the caller's transaction takes the other one back."""
    before = scan.name
    if not scan.move(to, name=name, quarantine_name=quarantine_name):
        raise DecisionRefused(gettext(SETTLED), code="settled")
    if not row.rename(before, name, **dimensions):
        raise DecisionRefused(gettext(REPLACED), code="superseded")


def follow(scan: Scan, *, before: str) -> Iterator[tuple[Scan, str]]:
    """Let the scans of other objects that name the same file go where ``scan`` went.

    Copies of an object share its file. ``before`` is what they name still. Yields each with the
    status that it had. Runs in the caller's transaction.
    """
    others = (
        Scan.objects.using(scan._state.db)
        .current()
        .filter(field=scan.field, object_db=scan.object_db, name=before)
    )
    for other in others.exclude(pk=scan.pk):
        status, row = other.status, Row.of(other)
        dimensions = {} if scan.status in Scan.HIDDEN else row.dimensions(scan.width, scan.height)
        renamed = before == scan.name or row.rename(before, scan.name, **dimensions)
        if not renamed and row.name() != scan.name:
            other.move(Scan.Status.SUPERSEDED)
        elif other.move(
            Scan.Status(scan.status), name=scan.name, quarantine_name=scan.quarantine_name
        ):
            yield other, status


def locate(field: models.FileField, pks: Collection[Any], *, db: str) -> dict[str, Storage]:
    """Key as text → storage, of a field whose files are in several. One query."""
    # Not by the model's own manager: a polymorphic one would look up the children as well.
    plain: models.QuerySet[models.Model] = models.QuerySet(field.model)
    found = plain.using(db).filter(pk__in=pks)
    return {pk_as_text(each.pk): storage_of(field, each) for each in found}


def named_among(field: models.FileField, names: Collection[str], *, db: str) -> set[str]:
    """Which of these files objects have. The column has no index: ask for many at a time.

    Other databases are not asked: they may be slow, or not there. Their scans are.
    """
    model: type[models.Model] = field.model
    wanted = list(names)
    rows = model._base_manager.using(db).filter(**{f"{field.attname}__in": wanted})
    found = set(rows.values_list(field.attname, flat=True))
    if len(list(connections)) > 1:
        current = Scan.objects.using(router.db_for_write(Scan)).current().exclude(object_db=db)
        scans = current.filter(field=field_label(field), name__in=wanted)
        found.update(scans.values_list("name", flat=True))
    return found


def file_field(label: str) -> models.FileField:
    """The field of ``"app_label.Model.field"``."""
    try:
        model_label, name = label.rsplit(".", 1)
        field = apps.get_model(model_label)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist) as error:
        raise DecisionRefused(
            gettext("%(field)s is no field of this project any more.") % {"field": label},
            code="gone",
        ) from error
    if not isinstance(field, models.FileField):
        raise DecisionRefused(
            gettext("%(field)s is no file field any more.") % {"field": label}, code="gone"
        )
    return field


def databases_of(model: type[models.Model]) -> Iterator[str]:
    return (db for db in connections if has_table(db, model))


def has_table(db: str, model: type[models.Model]) -> bool:
    return router.allow_migrate_model(db, model) and model._meta.db_table in (
        connections[db].introspection.table_names()
    )
