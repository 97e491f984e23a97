import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from tests.images.drawing import ihdr, png
from tests.queue.conftest import mo, person, there  # noqa: F401 - fixtures of the suite below

BAD = {
    "an SVG": ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
    "a PDF named png": ("paper.png", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "unsupported_format"),
    "a bomb": ("bomb.png", png(ihdr(60_000, 60_000)), "image_too_large"),
}
"""Kind → file name, bytes, code of the refusal."""


@pytest.fixture(autouse=True)
def nothing_counted():
    """Throttles count in the cache."""
    cache.clear()


@pytest.fixture
def api():
    return APIClient(raise_request_exception=False)


@pytest.fixture
def moderator(api, mo):  # noqa: F811
    """May look at scans, and is the one who asks."""
    api.force_login(mo)
    return mo
