"""Who is told: ``NSFW_WEBHOOKS``, and the signature that shows each of them who is speaking."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ..conf import nsfw_settings

EVENTS = ("image.held", "image.released", "image.rejected", "decision.undone")
KEYS = ("url", "secret", "events")
PREFIX = "whsec_"
SECRET_BYTES = (24, 64)
"""Shortest and longest key, by the convention."""

URL_LENGTH = 500


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """``keys``: the current one first; an old one signs as well while it is exchanged."""

    url: str
    keys: tuple[bytes, ...] = field(repr=False)
    events: tuple[str, ...]

    def signature(self, message: str, timestamp: int, body: str) -> str:
        """The header ``webhook-signature``: one signature a key."""
        signed = f"{message}.{timestamp}.{body}".encode()
        digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in self.keys)
        return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def endpoints() -> tuple[Endpoint, ...]:
    """Those of the setting. ``ImproperlyConfigured`` names what is wrong, and never a secret."""
    found = tuple(_endpoint(at, given) for at, given in enumerate(nsfw_settings.webhooks))
    urls = [endpoint.url for endpoint in found]
    for at, url in enumerate(urls):
        if url in urls[:at]:
            _refuse(at, "has the same 'url' as another one.")
    return found


def _endpoint(at: int, given: Any) -> Endpoint:
    if not isinstance(given, Mapping):
        _refuse(at, "must be a dictionary.")
    for key in given:
        if key not in KEYS:
            _refuse(at, f"has no key {key!r}. Valid keys: {', '.join(KEYS)}.")
    secrets = given.get("secret")
    if not isinstance(secrets, (list, tuple)):
        secrets = [secrets]
    if not secrets:
        _refuse(at, "needs a 'secret'.")
    events = given.get("events", EVENTS)
    if not isinstance(events, (list, tuple)) or not events:
        _refuse(at, "must name its 'events' in a list.")
    for event in events:
        if event not in EVENTS:
            _refuse(at, f"has no event {event!r}. Valid events: {', '.join(EVENTS)}.")
    return Endpoint(
        url=_url(at, given.get("url")),
        keys=tuple(_key(at, secret) for secret in secrets),
        events=tuple(events),
    )


def _url(at: int, url: Any) -> str:
    if not isinstance(url, str) or not url.isascii() or any(c.isspace() for c in url):
        _refuse(at, "needs a 'url'.")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or len(url) > URL_LENGTH:
        _refuse(at, f"must have an http(s) 'url' of at most {URL_LENGTH} characters.")
    if parts.username is not None or parts.password is not None:
        _refuse(at, "must not have a password in its 'url': requests are signed.")
    if parts.scheme == "http" and not settings.DEBUG and not _is_loopback(host):
        _refuse(at, "must begin with https://: what is sent is signed, not encrypted.")
    return url


def _key(at: int, secret: Any) -> bytes:
    shortest, longest = SECRET_BYTES
    complaint = (
        f"needs a 'secret' that is {PREFIX!r} and {shortest} to {longest} random bytes in base64."
    )
    if not isinstance(secret, str) or not secret.startswith(PREFIX):
        _refuse(at, complaint)
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        _refuse(at, complaint)
    if not shortest <= len(key) <= longest:
        _refuse(at, complaint)
    return key


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse(at: int, complaint: str) -> NoReturn:
    raise ImproperlyConfigured(f"NSFW_WEBHOOKS[{at}] {complaint}")
