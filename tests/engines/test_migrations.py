"""The migrations go back to nothing and forth again, on every database, and leave processes of the
version before able to write."""

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations import AddField, Migration
from django.db.migrations.loader import MigrationLoader

from django_nsfw.models import Decision, KnownImage, Scan


def tables():
    return {name for name in connection.introspection.table_names() if "django_nsfw" in name}


@pytest.mark.django_db(transaction=True)
def test_they_can_be_reversed():
    there = tables()
    assert Scan._meta.db_table in there
    call_command("migrate", "django_nsfw", "zero", verbosity=0)
    try:
        assert tables() == set()
    finally:
        call_command("migrate", "django_nsfw", verbosity=0)
    assert tables() == there
    for model in (Scan, Decision, KnownImage):
        assert not model.objects.exists()


def without_a_value(migration):
    """Columns that a process which does not know of them could not write a row without."""
    added = [one for one in migration.operations if isinstance(one, AddField)]
    return [
        f"{one.model_name}.{one.name}"
        for one in added
        if not (one.field.null or one.field.many_to_many or one.field.has_db_default())
    ]


def test_a_process_of_the_version_before_can_write_rows():
    found = MigrationLoader(None).disk_migrations
    later = [m for (app, _), m in found.items() if app == "django_nsfw" and not m.initial]
    assert [name for migration in later for name in without_a_value(migration)] == []


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (models.IntegerField(null=True), []),
        (models.IntegerField(db_default=0), []),
        (models.IntegerField(default=0), ["scan.new"]),
    ],
    ids=["null", "a default of the database", "a default of Python"],
)
def test_one_that_it_could_not_write_without_would_be_noticed(field, found):
    migration = Migration("0002_new", "django_nsfw")
    migration.operations = [AddField("scan", "new", field)]
    assert without_a_value(migration) == found
