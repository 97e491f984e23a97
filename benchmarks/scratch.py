"""A scratch database for what is measured on many rows, on the server that ``DATABASE_URL`` names.

Without it SQLite is measured, in a file. The database is dropped at the end, or with ``--keep``
left for the next run.
"""

import argparse
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ANALYSE = {"postgresql": "VACUUM ANALYZE", "mysql": "ANALYZE TABLE"}


@contextmanager
def scratch(arguments: Sequence[str], *, rows: int, name: str) -> Iterator[int]:
    """The number of rows that ``arguments`` ask for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="?", type=int, default=rows)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    with database(name, keep=options.keep):
        yield options.rows


@contextmanager
def database(name: str, *, keep: bool = False) -> Iterator[None]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.db import connection

    own = connection.settings_dict["NAME"]
    test_name = f"{own}_bench_{name}"
    if connection.vendor == "sqlite":
        test_name = str(Path(tempfile.gettempdir(), f"django_nsfw_bench_{name}.sqlite3"))
    connection.settings_dict["TEST"]["NAME"] = test_name
    connection.creation.create_test_db(
        verbosity=0, autoclobber=not keep, serialize=False, keepdb=keep
    )
    try:
        yield
    finally:
        connection.creation.destroy_test_db(own, verbosity=0, keepdb=keep)


def where() -> str:
    """The database and its version."""
    from django.db import connection

    return f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"


def copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Straight through the cursor: the ORM would take minutes for millions of rows."""
    from django.db import connection

    named = f"({', '.join(map(connection.ops.quote_name, columns))})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} {named} FROM STDIN") as written:
                for row in rows:
                    written.write_row(row)
        else:
            marks = ", ".join("%s" for _ in columns)
            sql = f"INSERT INTO {table} {named} VALUES ({marks})"  # noqa: S608
            cursor.executemany(sql, rows)


def analyse(*tables: str) -> None:
    """As these servers do by themselves after a while; SQLite never does."""
    from django.db import connection

    if command := ANALYSE.get(connection.vendor):
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"{command} {table}")
