"""Visitors: plain HTTP, no key, and every link that they were ever shown."""

import threading
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError, URLError
from urllib.request import urlopen


def fetch(link):
    """The bytes that a visitor gets; None where the answer is no."""
    try:
        with urlopen(link, timeout=5) as answer:
            return answer.read()
    except HTTPError as refused:
        refused.close()
        return None
    except (URLError, HTTPException, ValueError):
        return None


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def serving(folder):
    """The media folder behind a web server, as ``MEDIA_URL`` is."""
    folder.mkdir(exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.daemon_threads = False  # closing waits for them, and leaves no socket behind
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
