"""A page of django CMS, of which no cache remembers anything."""

import gc

import pytest
from cms.api import create_page
from django.core.cache import cache


def pytest_collection_modifyitems(items):
    """django-filer does not close the files that it takes sizes and checksums of."""
    for item in items:
        if "tests/contrib/cms" in str(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning"))
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )


@pytest.fixture(autouse=True)
def nothing_cached():
    cache.clear()
    yield
    gc.collect()  # while its warnings are not errors


@pytest.fixture
def page(admin_user):
    return create_page("Cats", "page.html", "en", created_by=admin_user)
