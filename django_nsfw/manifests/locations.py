"""Where a cluster finds the bytes of a stored file: a path, a link, or ``s3://bucket/key``."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage

from ..exposure import local_folder, prefix_of
from .files import ManifestError

LONGEST_LINK = 604_800
"""Seconds: a week, the most that S3 signs a link for."""


@dataclass(frozen=True, kw_only=True)
class Locations:
    """How locations are written.

    ``presigned``: seconds for which links to objects of S3 are good; 0 names them ``s3://…``, for
    a cluster with credentials of its own. ``base_url``: where the local media folder is served to
    the cluster; empty names paths, for a cluster that mounts it.
    """

    presigned: int = 0
    base_url: str = ""

    def of(self, storage: Storage, *, held: bool) -> "Callable[[str], str]":
        """What turns a name in this storage into its location.

        That raises ``ManifestError`` where nothing there can be fetched, and
        ``SuspiciousOperation`` for a name that leads out of the storage.
        """
        if is_s3(storage):
            return _s3_link(storage, self.presigned) if self.presigned else _s3_name(storage)
        if local_folder(storage) is not None:
            # Nobody serves the quarantine; it can be mounted and nothing else.
            return _path(storage) if held or not self.base_url else _below(self.base_url)
        return _link(storage)


def is_s3(storage: Storage) -> bool:
    """By the attributes that django-storages gives it and nothing else has."""
    return hasattr(storage, "bucket_name") and hasattr(storage, "endpoint_url")


def _s3_name(storage: Any) -> "Callable[[str], str]":
    bucket, prefix = storage.bucket_name, prefix_of(storage)
    return lambda name: f"s3://{bucket}/{prefix}{_clean(name)}"


def _s3_link(storage: Any, seconds: int) -> "Callable[[str], str]":
    """Signed, whatever the storage does for visitors: its bucket may not be public."""
    client = storage.connection.meta.client
    bucket, prefix = storage.bucket_name, prefix_of(storage)

    def link(name: str) -> str:
        parameters = {"Bucket": bucket, "Key": f"{prefix}{_clean(name)}"}
        signed: str = client.generate_presigned_url(
            "get_object", Params=parameters, ExpiresIn=seconds
        )
        return signed

    return link


def _path(storage: Storage) -> "Callable[[str], str]":
    return lambda name: str(Path(storage.path(name)).absolute())


def _below(base_url: str) -> "Callable[[str], str]":
    return lambda name: urljoin(f"{base_url.rstrip('/')}/", quote(_clean(name)))


def _link(storage: Storage) -> "Callable[[str], str]":
    def link(name: str) -> str:
        try:
            found = storage.url(name)
        except (NotImplementedError, ImproperlyConfigured) as error:
            raise ManifestError(_nowhere(storage)) from error
        if not found.startswith(("http://", "https://")):
            raise ManifestError(_nowhere(storage))
        return found

    return link


def _nowhere(storage: Storage) -> str:
    return (
        f"A cluster cannot fetch from {type(storage).__name__}: it is neither a local folder nor "
        "S3, and its url() gives no link that begins with http."
    )


def _clean(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/")
