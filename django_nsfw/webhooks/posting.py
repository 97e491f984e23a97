"""One request to one endpoint, signed. Nothing is followed, nothing is raised.

The addresses are those that the site itself configured, so that none is refused for leading into
a private network, as a service must that takes addresses from its customers.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from .. import __version__
from .endpoints import Endpoint

TIMEOUT = 15.0
"""Seconds that an endpoint has to be reached, and to answer."""

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
    try:
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as response:
            return _answer(response, host)
    except HTTPError as error:  # an answer as well
        with error:
            return _answer(error, host)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        cause = reason if isinstance(reason, Exception) else error
        return Answer(words=f"{type(cause).__name__}: {reason}", host=host)


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
