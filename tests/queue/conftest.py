"""Rows in the queue, without files: what is asked here is asked of the database."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from django_nsfw.models import FieldAccess, Scan
from tests.queue.doors import both_fields
from tests.test_models import scan

START = datetime(2026, 1, 1, tzinfo=UTC)


def row(number: int, **options) -> Scan:
    """The scan of that number, an hour younger than the one before; held, unless it says more."""
    facts = {
        "object_pk": str(number),
        "name": f"photos/{number}.jpg",
        "sha256": f"{number:064x}",
        "status": Scan.Status.HELD,
        "quarantine_name": f"held/{number}",
        "created_at": START + timedelta(hours=number),
    } | options
    made = scan(**facts)
    made.save()
    return made


@pytest.fixture
def person(db):
    """Somebody with permissions, in a group for each set of fields that they are restricted to."""

    def made(*permissions, name="mo", fields=(), **options):
        user = get_user_model().objects.create_user(name, is_staff=True, **options)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        if fields:
            group = Group.objects.create(name=f"of {name}")
            for field in fields:
                FieldAccess.objects.create(group=group, field=field)
            user.groups.add(group)
        return user

    return made


@pytest.fixture
def mo(person):
    return person("view_scan")


@pytest.fixture
def there(constant, person):
    """Kind → what there is of it in photos, and in assets."""
    return both_fields(constant, person(name="somebody"))
