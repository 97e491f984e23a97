"""The migrations go back to nothing and forth again, on every database."""

import pytest
from django.core.management import call_command
from django.db import connection

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
