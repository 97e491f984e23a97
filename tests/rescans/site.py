"""A site that processes outside of the test work on: databases and folders that they share."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connections
from django.db.utils import ConnectionHandler

import django_nsfw

ALIASES = ("default", "second")
PATIENCE = 60
"""Seconds after which a process is stuck."""


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.broker = ""
        self.pace()

    def pace(self, seconds: float = 0.0, answer: float = 0.0) -> None:
        """How long the detector takes for an image, and what it says."""
        (self.folder / "detector").write_text(f"{seconds} {answer}")

    def seen(self) -> Counter:
        """How often the detector looked at each picture, in all processes."""
        log = self.folder / "seen"
        return Counter(log.read_text().split()) if log.exists() else Counter()

    def start(self, *arguments: str) -> subprocess.Popen:
        """``manage.py nsfw_rescan …`` in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "django", "nsfw_rescan", *arguments],
            env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        databases = {alias: str(connections[alias].settings_dict["NAME"]) for alias in ALIASES}
        site = {"databases": databases, "folder": str(self.folder), "broker": self.broker}
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.rescans.site_settings",
            "PYTHONPATH": str(Path(django_nsfw.__file__).parent.parent),
            "SITE": json.dumps(site),
        }

    @contextmanager
    def celery(self, number: int, broker: str) -> Iterator[list[subprocess.Popen]]:
        """``number`` Celery workers of one process each, once they are all there."""
        self.broker = broker
        call = [
            sys.executable, "-m", "celery", "-A", "tests.rescans.celery_app", "worker",
            "--pool", "solo", "--loglevel", "INFO", "--without-gossip", "--without-mingle",
        ]  # fmt: skip
        logs = [self.folder / f"celery{n}.log" for n in range(number)]
        workers = []
        for n, log in enumerate(logs):
            with log.open("w") as out:
                workers.append(
                    subprocess.Popen(
                        [*call, "-n", f"w{n}@%h"], env=self.environment(), stdout=out, stderr=out
                    )
                )
        try:
            self.wait_until(lambda: all(" ready." in log.read_text() for log in logs))
            yield workers
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()

    def run(self, *arguments: str) -> tuple[int, str, str]:
        return self.end(self.start(*arguments))

    def end(self, process: subprocess.Popen) -> tuple[int, str, str]:
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def wait_until(self, condition) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it never came to pass"
            time.sleep(0.02)


def children(pid: int) -> list[int]:
    """Processes that this one has started, by /proc."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@contextmanager
def on_files(template: Path, folder: Path):
    """SQLite in the memory of this process is nobody else's: for the length of a test, files."""
    before = {alias: connections[alias] for alias in ALIASES}
    handler = ConnectionHandler(connections.settings)
    try:
        for alias in ALIASES:
            name = folder / f"{alias}.sqlite3"
            if (template / name.name).exists():
                shutil.copy(template / name.name, name)
            connection = handler.create_connection(alias)
            connection.settings_dict.update(NAME=str(name), OPTIONS={"timeout": 30})
            connections[alias] = connection
        yield
    finally:
        for alias in ALIASES:
            connections[alias].close()
            connections[alias] = before[alias]


def make_template(folder: Path) -> None:
    with on_files(folder, folder):
        for alias in ALIASES:
            call_command("migrate", database=alias, verbosity=0, run_syncdb=True)
