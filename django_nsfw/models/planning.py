"""Columns as they are, in the form that a database is fast with."""

from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Func

if TYPE_CHECKING:
    from django.db.models.sql.compiler import SQLCompiler


class Unsought(Func):
    """In a condition where another one leads to fewer rows.

    SQLite has no statistics unless somebody runs ANALYZE, and goes by the form of conditions.
    """

    template = "%(expressions)s"

    def as_sqlite(self, compiler: "SQLCompiler", connection: Any, **context: Any) -> Any:
        # https://sqlite.org/optoverview.html, "Disqualifying WHERE-clause terms using unary +"
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


class Grouped(Func):
    """Exact text to group by.

    MariaDB compares by collation what it groups, which takes twice as long as to compare bytes.
    """

    template = "%(expressions)s"
    output_field = CharField()

    def as_mysql(self, compiler: "SQLCompiler", connection: Any, **context: Any) -> Any:
        template = "CONVERT(%(expressions)s USING binary)"
        return self.as_sql(compiler, connection, template=template, **context)

    def get_db_converters(self, connection: Any) -> list[Any]:
        return [_decoded] if connection.vendor == "mysql" else []


def _decoded(value: bytes | None, expression: Any, connection: Any) -> str | None:
    return None if value is None else value.decode()


class SortedWhenFound(Func):
    """As an order of few rows.

    PostgreSQL takes rows that are found through a subquery for more than they are, and walks along
    the index of the order in the hope to come across enough of them.
    """

    template = "%(expressions)s"

    def as_postgresql(self, compiler: "SQLCompiler", connection: Any, **context: Any) -> Any:
        template = "GREATEST(%(expressions)s, %(expressions)s)"
        return self.as_sql(compiler, connection, template=template, **context)
