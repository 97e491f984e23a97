"""The example as a stranger runs it: its own processes, its own settings, a folder of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.example.browser import Browser

ROOT = Path(__file__).resolve().parent.parent.parent
CHOICES = ("NSFW_DETECTOR", "NSFW_ENGINE", "EXAMPLE_DEBUG")
MANAGE = [sys.executable, "-W", "error", str(ROOT / "example_project" / "manage.py")]


class Example:
    """``manage.py`` of the example with its data in ``data``."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = {
            **{k: v for k, v in os.environ.items() if k not in CHOICES},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "EXAMPLE_DATA_DIR": str(data),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",
        }

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MANAGE, *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def migrate(self) -> None:
        done = self.manage("migrate", "--verbosity", "0")
        assert (done.returncode, done.stderr) == (0, "")

    def stored(self) -> set[Path]:
        """Every file below media: what the site serves."""
        return {path for path in (self.data / "media").rglob("*") if path.is_file()}

    def held(self) -> set[Path]:
        return {path for path in (self.data / "quarantine" / "held").rglob("*") if path.is_file()}

    @property
    def password(self) -> str:
        return (self.data / "demo-password").read_text()


def hosting(hosts: str, folder: Path) -> Example:
    """The example with these hosts, and its tables."""
    example = Example(folder)
    example.environment["NSFW_HOSTS"] = hosts
    example.migrate()
    return example


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    return Example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def demo(example):
    """What the demo command printed in a fresh folder."""
    example.migrate()
    return example.manage("demo")


@pytest.fixture(scope="session")
def site(example, demo):
    """The address of the running gallery."""
    assert demo.returncode == 0, demo.stderr
    with serving(example) as address:
        yield address


@contextmanager
def serving(example: Example, *, port: int = 0, command: Sequence[str] = ()) -> Iterator[str]:
    """The address of the example: of its development server, on a port of its own, or of the one
    that ``command`` starts in its folder."""
    log = example.data / "server.log"
    with (
        log.open("w") as said,
        subprocess.Popen(
            command or [*MANAGE, "runserver", "--noreload", f"127.0.0.1:{port}"],
            cwd=ROOT / "example_project",
            env=example.environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        ) as server,
    ):
        try:
            while not (started := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
                assert server.poll() is None, log.read_text()
                time.sleep(0.05)
            yield f"{started.group()}/"
        finally:
            server.terminate()


@pytest.fixture
def visitor(site):
    return Browser(site)


@pytest.fixture
def moderator(site, example):
    browser = Browser(site)
    account = {"username": "moderator", "password": example.password}
    page = browser.submit("/admin/login/", next="/admin/", **account)
    assert "Log out" in page.text
    return browser
