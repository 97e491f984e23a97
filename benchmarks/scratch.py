"""A scratch database on PostgreSQL, for what is measured on rows that are made inside it.

``DATABASE_URL`` names a server; the database is dropped at the end, or with ``--keep`` left for the
next run.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def scratch(arguments: Sequence[str], *, rows: int, name: str) -> Iterator[int]:
    """The number of rows that ``arguments`` ask for; 0, and a sentence, without PostgreSQL."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="?", type=int, default=rows)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.db import connection

    if connection.vendor != "postgresql":
        print("left out: the rows are made inside PostgreSQL; DATABASE_URL names none.")
        yield 0
        return
    own = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"{own}_bench_{name}"
    connection.creation.create_test_db(
        verbosity=0, autoclobber=not options.keep, serialize=False, keepdb=options.keep
    )
    try:
        yield options.rows
    finally:
        connection.creation.destroy_test_db(own, verbosity=0, keepdb=options.keep)
