"""One request to one endpoint, signed. Nothing is followed, nothing is raised.

The addresses are those that the site itself configured, so that none is refused for leading into
a private network, as a service must that takes addresses from its customers.
"""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from .. import __version__
from .endpoints import Endpoint

TIMEOUT = 15.0
"""Seconds that an endpoint has to be reached, and then to answer."""

READ = 800
"""Bytes of an answer that are read at most."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``words``: how the answer begins, or why there is none. ``retry_after`` in seconds."""

    words: str
    code: int | None = None
    retry_after: float = 0
    host: str = ""

    @property
    def taken(self) -> bool:
        return self.code is not None and 200 <= self.code < 300


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A redirect is a failure: the setting is to name the address itself."""


def post(endpoint: Endpoint, message: str, body: str) -> Answer:
    """The body as it was written down, with the time of this attempt."""
    host, now = urlsplit(endpoint.url).netloc, int(time.time())
    request = Request(  # noqa: S310 - http and https are all that an endpoint can have
        endpoint.url,
        data=body.encode(),
        method="POST",
        headers={
            "Content-Type": "application/json",
            "User-Agent": f"django-nsfw/{__version__}",
            "webhook-id": message,
            "webhook-timestamp": str(now),
            "webhook-signature": endpoint.signature(message, now, body),
        },
    )
    call = _Call()
    opener = build_opener(_NoRedirects, _HTTP(call), _HTTPS(call))
    late = Answer(words=f"TimeoutError: no answer within {TIMEOUT:g} s", host=host)
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            found = _answer(response, host)
    except HTTPError as error:  # an answer as well
        with error:
            found = _answer(error, host)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        cause = reason if isinstance(reason, Exception) else error
        if isinstance(cause, TimeoutError):
            return late
        found = Answer(words=f"{type(cause).__name__}: {reason}", host=host)
    finally:
        call.end()
    return late if call.over else found  # one that was hung up on is cut off, and may look whole


class _Call:
    """Hangs up when the time is over: that of a socket begins anew with each byte it is given."""

    def __init__(self) -> None:
        self.over = False
        self._timer: threading.Timer | None = None

    def begin(self, line: socket.socket) -> None:
        self._timer = threading.Timer(TIMEOUT, self._hang_up, [line])
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _hang_up(self, line: socket.socket) -> None:
        self.over = True
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


class _Connection(HTTPConnection):
    def __init__(self, host: str, *, call: _Call, **options: Any) -> None:
        super().__init__(host, **options)
        self._call = call

    def connect(self) -> None:
        super().connect()
        self._call.begin(self.sock)


class _TLSConnection(_Connection, HTTPSConnection):
    """The same behind TLS."""


class _HTTP(HTTPHandler):
    def __init__(self, call: _Call) -> None:
        super().__init__()
        self._connection: Any = partial(_Connection, call=call)

    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._connection, request)


class _HTTPS(HTTPSHandler):
    def __init__(self, call: _Call) -> None:
        super().__init__()
        self._connection: Any = partial(_TLSConnection, call=call)

    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(self._connection, request)


def _answer(response: Any, host: str) -> Answer:
    beginning = b""
    with suppress(OSError, HTTPException):  # the status says it all
        beginning = response.read1(READ) if hasattr(response, "read1") else b""
    wait = response.headers.get("Retry-After", "")
    return Answer(
        words=beginning.decode(errors="replace").replace("\x00", "�"),
        code=response.status,
        retry_after=float(wait) if wait.isascii() and wait.isdecimal() else 0,
        host=host,
    )
