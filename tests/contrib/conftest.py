"""Each folder here is a suite of its own, with the settings of its host: ``tests.databases`` runs
them, and ``pytest --ds tests.contrib.NAME.settings tests/contrib/NAME`` one of them."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chromium import chromium

_HERE = Path(__file__).parent
_SETTINGS = os.environ.get("DJANGO_SETTINGS_MODULE", "")

collect_ignore = [
    path.parent.name
    for path in _HERE.glob("*/settings.py")
    if f"tests.contrib.{path.parent.name}.settings" != _SETTINGS
]


@pytest.fixture
def logged_in(live_server, settings, monkeypatch):
    """Opens a page in a real browser, with the session of a client."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps a loop of its own

    @contextmanager
    def logged_in(client, *, width, height, **options):
        name = settings.SESSION_COOKIE_NAME
        session = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
        viewport = {"width": width, "height": height}
        with chromium() as browser:
            context = browser.new_context(base_url=live_server.url, viewport=viewport, **options)
            context.add_cookies([session])
            yield context.new_page()
            context.close()

    return logged_in
