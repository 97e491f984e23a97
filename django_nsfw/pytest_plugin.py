"""The fixture ``nsfw_uploads``. pytest imports this in every run of every project, so it imports
nothing before a test asks for it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import Script


@pytest.fixture
def nsfw_uploads() -> "Iterator[Script]":
    """Every picture is clear, until the test says otherwise: ``nsfw_uploads.hold("bad.jpg")``."""
    from .testing import uploads

    with uploads.clear() as script:
        yield script
