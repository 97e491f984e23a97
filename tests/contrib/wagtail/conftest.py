"""A site of Wagtail: the collection that everything is in, and people with rights in it."""

import gc
import warnings

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from wagtail.images import get_image_model
from wagtail.models import Collection

from django_nsfw.models import FieldAccess, Scan
from tests.conftest import upload


@pytest.fixture(autouse=True)
def root(db):
    """What Wagtail's migrations leave behind, and a test that flushes takes away."""
    return Collection.get_first_root_node() or Collection.add_root(name="Root")


@pytest.fixture
def editor(root):
    return get_user_model().objects.create_superuser("editor", "editor@example.org", "secret")


@pytest.fixture
def cms(client, editor):
    """The client of somebody who may do everything."""
    client.force_login(editor)
    return client


@pytest.fixture
def person(client):
    """Somebody of Wagtail's admin who may do what is said, and is no staff of Django's."""

    def person(*may, name="mo", field=None):
        made = get_user_model().objects.create_user(name)
        made.user_permissions.set(Permission.objects.filter(codename__in=("access_admin", *may)))
        if field:
            group = Group.objects.create(name=name)
            FieldAccess.objects.create(group=group, field=field)
            made.groups.add(group)
        client.force_login(made)
        return made

    return person


@pytest.fixture
def waiting(constant, editor):
    """Pictures that wait, the first of them with the lowest score."""

    def waiting(number=1):
        for seed in range(number):
            constant.answer = 0.6 + seed / 100
            get_image_model().objects.create(
                title=f"cat {seed}", file=upload(f"{seed}.jpg", seed=seed), uploaded_by_user=editor
            )
        return list(Scan.objects.waiting().order_by("pk"))

    return waiting


def pytest_configure(config):
    """Wagtail leaves files of uploads and renditions to the garbage collector."""
    config.addinivalue_line("filterwarnings", "ignore:unclosed file:ResourceWarning")


@pytest.fixture(scope="session", autouse=True)
def collected():
    """Within the filter: what is left at the end of the process would be an error again."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
