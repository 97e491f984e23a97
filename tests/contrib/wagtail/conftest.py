"""A site of Wagtail: the collection that everything is in, and people with rights in it."""

import gc
import warnings

import pytest
from django.contrib.auth import get_user_model
from wagtail.models import Collection


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
