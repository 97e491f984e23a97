"""A repository on loopback, served as the Hugging Face hub serves it, with the ways it fails."""

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "c" * 40
ERRORS = {
    "missing": (401, "RepoNotFound", "Repository not found"),
    "gated": (403, "GatedRepo", "Access to this repository is restricted"),
    "broken": (503, "", "Service unavailable"),
}


def point_client_at(endpoint, monkeypatch):
    """HF_ENDPOINT is read when the client is imported, which other tests have done by now."""
    from huggingface_hub import constants  # not where the rest of the suite runs without it

    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


class HubServer:
    """``files``: name → bytes of the one repository. ``mode``: "" or how every request fails.

    Modes: the keys of ``ERRORS``; "slow", which answers after ``delay`` seconds; "half", which
    cuts each download in the middle. ``requests`` lists what was asked, as "METHOD name".
    """

    def __init__(self, repo: str, files: dict[str, bytes]) -> None:
        self.repo = repo
        self.files = files
        self.mode = ""
        self.delay = 0.0
        self.requests: list[str] = []
        self.commit = COMMIT
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        hub = self.hub
        owner_name, _, rest = unquote(self.path).lstrip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        hub.requests.append(f"{self.command} {name or self.path}")
        if hub.mode == "slow":
            time.sleep(hub.delay)
        if hub.mode in ERRORS:
            return self._fail(*ERRORS[hub.mode])
        if owner_name != hub.repo:
            return self._fail(*ERRORS["missing"])
        if revision not in ("main", hub.commit):
            return self._fail(404, "RevisionNotFound", "Invalid rev id")
        if name not in hub.files:
            return self._fail(404, "EntryNotFound", "Entry not found")
        self._send(hub.files[name], body=body)

    def _send(self, content: bytes, *, body: bool) -> None:
        start = 0
        if span := self.headers.get("Range"):
            start = int(span.removeprefix("bytes=").split("-")[0])
        self.send_response(206 if start else 200)
        digest = hashlib.sha256(content).hexdigest()
        self.send_header("ETag", f'"{digest}"')
        self.send_header("X-Repo-Commit", self.hub.commit)
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("X-Linked-Etag", f'"{digest}"')
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if not body:
            return
        if self.hub.mode == "half":
            # From the start and to the middle each time, however often the client resumes.
            self.wfile.write(content[start : start + 1])
            self.close_connection = True
            return
        self.wfile.write(content[start:])

    def _fail(self, status: int, code: str, message: str) -> None:
        body = json.dumps({"error": message}).encode()
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", message)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
