"""The bytes at a location of a manifest: a path, a link, or an object of S3.

S3 is asked with the credentials of the machine, as boto3 finds them (``AWS_…`` variables, a role);
``AWS_ENDPOINT_URL`` names a server other than Amazon's.
"""

import hashlib
import io
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from ..bodies import CHUNK
from ..rescans.reading import Fetched

ATTEMPTS = 3
TIMEOUT = 30
"""Seconds that a web server may be silent."""

GONE = (404, 410)


def fetch(location: str, *, max_bytes: int) -> Fetched:
    """Read and digest one file; keep its beginning where it is longer. Never raises.

    What could not be had is asked for three times; what is not there, once.
    """
    error = ""
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        try:
            return _fetch(location, max_bytes)
        except FileNotFoundError as missing:
            return Fetched(missing=True, error=str(missing))
        except Exception as failure:  # noqa: BLE001 - clients have exceptions of their own
            error = f"{type(failure).__name__}: {failure}"
    return Fetched(error=error)


def _fetch(location: str, max_bytes: int) -> Fetched:
    hasher, size, body = hashlib.sha256(), 0, io.BytesIO()
    for piece in _pieces(location):
        hasher.update(piece)
        size += len(piece)
        if size <= max_bytes + CHUNK:
            body.write(piece)
    body.seek(0)
    return Fetched(sha256=hasher.hexdigest(), size=size, body=body)


def _pieces(location: str) -> Iterator[bytes]:
    scheme = urlsplit(location).scheme.lower()
    if scheme == "s3":
        return _from_s3(location)
    if scheme in ("http", "https"):
        return _from_web(location)
    if scheme == "file":
        return _from_disk(unquote(urlsplit(location).path))
    if location.startswith("/"):
        return _from_disk(location)
    raise OSError(f"{location!r} is no absolute path, http(s) link or s3 location.")


def _from_disk(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:  # noqa: PTH123 - a path of pathlib would mend the name
        while piece := file.read(CHUNK):
            yield piece


def _from_web(location: str) -> Iterator[bytes]:
    try:
        with urlopen(location, timeout=TIMEOUT) as answer:  # noqa: S310 - http and https only
            expected, size = answer.headers.get("Content-Length"), 0
            while piece := answer.read(CHUNK):
                size += len(piece)
                yield piece
    except HTTPError as error:
        with error:
            if error.code in GONE:
                raise FileNotFoundError(f"HTTP {error.code}") from error
            raise OSError(f"HTTP {error.code}: {error.reason}") from error
    if expected is not None and size != int(expected):
        raise OSError(f"{size} bytes came, of {expected}.")


def _from_s3(location: str) -> Iterator[bytes]:
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = location.removeprefix("s3://").partition("/")
    try:
        with _making:
            client = _client()
        with closing(client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
            yield from body.iter_chunks(CHUNK)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise FileNotFoundError(str(error)) from error
        raise OSError(str(error)) from error
    except BotoCoreError as error:
        raise OSError(str(error)) from error


_making = threading.Lock()
"""boto3 makes its first client for one thread at a time."""


@cache
def _client() -> Any:
    import boto3

    return boto3.client("s3")
