"""The pages as a person's browser shows them: a site in a process of its own, and Chromium.

Nothing here touches the test's own database: Playwright's loop would forbid it.
"""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.urls import reverse

from tests.admin_pages.pages import PAGES
from tests.chromium import chromium

ROOT = Path(__file__).resolve().parent.parent.parent

LISTEN = """addEventListener("securitypolicyviolation", (event) => console.error(
    `violated: ${event.violatedDirective} by ${event.blockedURI} ${event.sample}`))"""


@dataclass(frozen=True)
class Site:
    address: str
    rows: dict[str, object]

    def url(self, page: str) -> str:
        """The address of a page of the table."""
        found = PAGES[page]
        args = [] if found.row is None else [self.rows[found.row]]
        return f"{self.address}{reverse(f'admin:{found.name}', args=args)}?{found.query}"

    @contextmanager
    def visited(self, chromium, **options):
        """A window of somebody who is logged in; ``window.complaints`` is what went wrong in it."""
        context = chromium.new_context(reduced_motion="reduce", **options)
        cookie = {"name": "sessionid", "value": self.rows["session"], "url": self.address}
        context.add_cookies([cookie])
        context.add_init_script(LISTEN)
        window = context.new_page()
        window.complaints = complaints = []
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on(
            "console",
            lambda said: said.type in ("error", "warning") and complaints.append(said.text),
        )
        try:
            yield window
        finally:
            context.close()


@contextmanager
def running(folder, *, module="tests.admin_pages.site", **environment):
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**os.environ, "ADMIN_PAGES_DATA": str(folder), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
        ) as server,
    ):
        try:
            said = server.stdout.readline()
            assert said, (folder / "log").read_text()
            yield Site(**json.loads(said))
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """Django's own admin, under a strict content security policy."""
    with running(tmp_path_factory.mktemp("plain")) as site:
        yield site


@pytest.fixture(scope="session")
def unfold(tmp_path_factory):
    """An admin by django-unfold."""
    with running(tmp_path_factory.mktemp("unfold"), ADMIN_PAGES_UNFOLD="1") as site:
        yield site


@pytest.fixture(scope="module", name="chromium")
def launched():
    with chromium() as browser:
        yield browser
