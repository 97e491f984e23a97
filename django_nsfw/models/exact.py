"""Text that equals itself and nothing else, on every database.

MariaDB and MySQL compare by collation, and that of most columns takes ``a.jpg`` for ``A.JPG`` and
``a.jpg `` with a space behind it. For storages these are different files. PostgreSQL sorts by
collation: what begins with the same characters is no stretch of most indexes there.
"""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import BooleanField, CharField, F, Func, OuterRef, Q, Value

if TYPE_CHECKING:
    from django.db.models.sql.compiler import SQLCompiler


LAST = "\U0010ffff"
"""No character follows it."""


class Exact(models.Field):  # type: ignore[type-arg]
    """Mixed into a field of text: a column of ours, compared byte for byte, and indexed so.

    SQLite needs not be told.
    """

    def db_parameters(self, connection: Any) -> Any:
        parameters = super().db_parameters(connection)
        if connection.vendor in ("mysql", "postgresql"):
            parameters["collation"] = _collation(connection)
        return parameters


class ExactCharField(Exact, models.CharField):  # type: ignore[type-arg]
    """Exact text."""


class OuterName(Func):
    """The file column of an outer query, to be compared with one of ours in its subquery.

    MariaDB remembers what a subquery gave for the values that it was given, and compares those by
    the collation of the host's column: the answer for ``a.jpg`` is taken for that of ``A.jpg``.
    A key of the row among these values, of which no character is used, keeps rows apart.
    """

    output_field = CharField()

    def __init__(self, model: type[models.Model], attname: str) -> None:
        keys = [OuterRef(field.attname) for field in model._meta.pk_fields]
        super().__init__(OuterRef(attname), *keys)

    def as_sql(self, compiler: "SQLCompiler", connection: Any, **context: Any) -> Any:  # type: ignore[override]
        return compiler.compile(self.get_source_expressions()[0])

    def as_postgresql(self, compiler: "SQLCompiler", connection: Any, **context: Any) -> Any:
        name, parameters = self.as_sql(compiler, connection, **context)
        return f'({name} COLLATE "{_collation(connection)}")', parameters

    def as_mysql(self, compiler: "SQLCompiler", connection: Any, **context: Any) -> Any:
        compiled = [compiler.compile(part) for part in self.get_source_expressions()]
        (name, _), *keys = compiled
        nothing = "".join(f", LEFT({key}, 0)" for key, _ in keys)
        text = f"CONVERT(CONCAT({name}{nothing}) USING utf8mb4)"
        parameters = [value for _, values in compiled for value in values]
        return f"({text} COLLATE {_collation(connection)})", parameters


class _Bytes(Func):
    template = "CAST(CONVERT(%(expressions)s USING utf8mb4) AS BINARY)"


class _Same(Func):
    template = "%(expressions)s"
    arg_joiner = " = "
    output_field = BooleanField()

    def as_mysql(self, compiler: "SQLCompiler", connection: Any, **context: Any) -> Any:
        exact = self.copy()
        exact.set_source_expressions([_Bytes(part) for part in self.get_source_expressions()])
        return exact.as_sql(compiler, connection, **context)


def begins(column: str, text: str) -> Q:
    """A condition on an ``ExactCharField``, as a range: no index of all databases has LIKE."""
    return Q((f"{column}__gte", text), (f"{column}__lt", text + LAST))


def _collation(connection: Any) -> str:
    if connection.vendor == "postgresql":
        return "C"
    return "utf8mb4_nopad_bin" if connection.mysql_is_mariadb else "utf8mb4_0900_bin"


def exactly(column: str, text: str) -> Func:
    """A condition on a column of the host, whose collation is the host's affair.

    No index serves it: filter by equality as well.
    """
    return _Same(F(column), Value(text, output_field=CharField()))
