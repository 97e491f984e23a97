"""A site under uvicorn, with a database of its own, and who uploads to it."""

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30
"""Seconds: the machine may be busy. A detector that nobody tells to go on waits longer."""


@dataclass(frozen=True)
class Site:
    address: str
    data: Path
    environment: dict[str, str]

    def get(self, path: str) -> dict:
        return self._answer(Request(f"{self.address}/{path}/"))[1]

    def upload(self, path: str, *bodies: bytes, name: str = "a.jpg") -> tuple[int, dict]:
        """Status and answer."""
        body = _form(bodies, name)
        headers = {"Content-Type": MULTIPART_CONTENT}
        return self._answer(Request(f"{self.address}/{path}/", data=body, headers=headers))

    def leave(self, path: str, body: bytes) -> None:
        """Upload, and go away before there is an answer."""
        form = _form([body], "a.jpg")
        head = (
            f"POST /{path}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {MULTIPART_CONTENT}\r\n"
            f"Content-Length: {len(form)}\r\n\r\n"
        )
        with socket.create_connection(urlsplit(self.address).netloc.split(":")) as visitor:
            visitor.sendall(head.encode() + form)
            self.until_it_waits()

    def until_it_waits(self, number: int = 1) -> None:
        """Until the detector has been asked, and does not answer yet."""
        until = time.monotonic() + PATIENCE
        while (waiting := self.get("waiting")["waiting"]) != number:
            assert time.monotonic() < until, f"{waiting} pictures are with the detector"
            time.sleep(0.02)

    def manage(self, *arguments: str) -> str:
        return manage(self.environment, *arguments)

    def _answer(self, request: Request) -> tuple[int, dict]:
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            said = error.read().decode()
            assert error.status == 400, said
            return error.status, json.loads(said)


@contextmanager
def served(data: Path, **settings: str) -> Iterator[Site]:
    environment = {
        **os.environ,
        **settings,
        "ASGI_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": "tests.asgi.settings",
    }
    manage(environment, "migrate", "--verbosity", "0")
    command = (
        "-m uvicorn --factory django.core.asgi:get_asgi_application --port 0 --lifespan off "
        "--no-access-log"
    )
    with (
        (data / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, *command.split()],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=log,
        ) as server,
    ):
        try:
            yield Site(_address(server, data / "log"), data, environment)
        finally:
            server.terminate()


def manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _form(bodies, name: str) -> bytes:
    files = [io.BytesIO(body) for body in bodies]
    for file in files:
        file.name = name
    return encode_multipart(BOUNDARY, {"title": "a", "image": files})


def _address(server, log: Path) -> str:
    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        if found := re.search(r"running on (http://[\d.:]+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text())
