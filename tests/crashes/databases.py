"""Databases that the programs here have to themselves, on what ``DATABASE_URL`` names: files of
SQLite, or databases on a server that are made at the beginning and dropped at the end."""

import os
import signal
import sys
import time
from contextlib import contextmanager

from django.apps import apps
from django.db import connections, transaction
from django.test.utils import setup_databases, teardown_databases

NAMES = ("default", "second")
APPS = ("django_nsfw", "host", "nsfw_stored_files")
"""What is written to; the rest stays as it was migrated."""

SESSIONS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = database()"
    " AND id <> connection_id()",
}
PATIENCE = 20
"""Seconds after which a server has not noticed that its client is dead."""


@contextmanager
def own_databases(folder):
    """Both with all tables. Also dropped where the program is told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    for alias in NAMES:
        connection = connections[alias]
        on_disk = str(folder / f"{alias}.sqlite3")
        on_server = f"killed_{os.getpid()}_{alias}"
        connection.settings_dict["TEST"]["NAME"] = (
            on_disk if connection.vendor == "sqlite" else on_server
        )
        if connection.vendor == "postgresql":  # nobody kills the server
            connection.settings_dict["OPTIONS"]["options"] = "-c synchronous_commit=off"
    made = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
    try:
        yield
    finally:
        connections.close_all()
        teardown_databases(made, verbosity=0)


def empty():
    for alias in NAMES:
        connection = connections[alias]
        with (
            connection.constraint_checks_disabled(),
            transaction.atomic(using=alias),
            connection.cursor() as cursor,
        ):
            for table in sorted({model._meta.db_table for model in models()}):
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608
    connections.close_all()


def rows():
    """Every row of every table that is written to."""
    found = [
        (alias, model._meta.label, list(model._base_manager.using(alias).order_by("pk").values()))
        for alias in NAMES
        for model in models()
    ]
    connections.close_all()
    return found


def models():
    return [model for model in apps.get_models(True) if model._meta.app_label in APPS]


def wait_for_the_dead():
    """Until the server has ended the sessions of processes that are no more, and with them their
    transactions: it rolls back, and then takes the session off its list. SQLite needs nothing."""
    for connection in connections.all():
        if connection.vendor not in SESSIONS:
            continue
        until = time.monotonic() + PATIENCE
        with connection.cursor() as cursor:
            while True:
                cursor.execute(SESSIONS[connection.vendor])
                if cursor.fetchone() == (0,):
                    break
                if time.monotonic() > until:
                    raise TimeoutError(f"{connection.alias}: a session outlives its process")
                time.sleep(0.002)
    connections.close_all()
