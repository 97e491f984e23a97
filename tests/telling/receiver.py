"""A real endpoint on loopback, which checks each signature with the reference library."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQI"


class Receiver(ThreadingHTTPServer):
    """Answers what is in ``answers``, one after the other, and 204 when they are used up."""

    daemon_threads = True

    def __init__(self, secret=SECRET):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.webhook = Webhook(secret)
        self.answers = []
        self.requests = []
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/hooks?for=us"

    @property
    def told(self):
        return [body for _, body in self.requests]

    @property
    def ids(self):
        return [headers["webhook-id"] for headers, _ in self.requests]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            verified = self.server.webhook.verify(body, dict(self.headers))
        except WebhookVerificationError as error:
            verified = repr(error)
        with self.server.lock:
            self.server.requests.append(
                ({name.lower(): value for name, value in self.headers.items()}, verified)
            )
            answer = self.server.answers.pop(0) if self.server.answers else {}
        time.sleep(answer.get("after", 0))
        if answer.get("status") is None and answer:
            return  # hangs up
        said = answer.get("body", b"")
        self.send_response(answer.get("status", 204))
        if slowly := answer.get("slowly"):
            self.flush_headers()
            for byte in b"X-Slow: " + b"." * int(slowly / 0.05) + b"\r\n":
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_GET(self):
        raise AssertionError("nothing is fetched")

    def log_message(self, *args):
        """Not to the screen."""


@contextmanager
def receiving(secret=SECRET):
    with Receiver(secret) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
