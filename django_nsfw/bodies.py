"""The bytes of a file, whatever it is that holds them."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast

if TYPE_CHECKING:
    from django.core.files import File

Body: TypeAlias = "BinaryIO | File[Any]"
"""What a file can be: a binary stream, or Django's ``File`` around one. Seekable."""

CHUNK = 1 << 20


def digest(body: Body) -> tuple[str, int]:
    """SHA-256 in hexadecimal, and the number of bytes, from the current position on."""
    hasher, size = hashlib.sha256(), 0
    while chunk := body.read(CHUNK):
        hasher.update(chunk)
        size += len(chunk)
    return hasher.hexdigest(), size


@contextmanager
def from_start(file: Body) -> Iterator[BinaryIO]:
    """The file as bytes, whatever was read of it; its position is put back."""
    position = file.tell()
    file.seek(0)
    try:
        if isinstance(file.read(0), str):  # ContentFile("text") is a text stream
            yield io.BytesIO(str(file.read()).encode())
        else:
            yield cast("BinaryIO", file)
    finally:
        file.seek(position)
