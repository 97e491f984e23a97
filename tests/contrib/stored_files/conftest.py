from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import storages as configured

from tests.folders import tree


@pytest.fixture
def editors():
    return configured["editors"]


@pytest.fixture
def papers():
    return configured["papers"]


def lying(folder="editors"):
    """Name → bytes of what visitors could fetch from the storage, whoever put it there."""
    return tree(Path(settings.MEDIA_ROOT) / folder)
