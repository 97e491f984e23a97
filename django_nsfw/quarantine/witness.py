"""A file that knows the SHA-256 of what was read from it."""

import hashlib
from typing import Any

from django.core.files import File


class Witness(File):  # type: ignore[type-arg]
    """Wraps a file on its way into a storage, so that nobody has to read the copy to compare it.

    A storage may begin again from the start, to count or to sign what it sends: the last complete
    pass counts. One that reads in another order gets no proof from here.
    """

    def __init__(self, file: Any, name: str | None = None) -> None:
        super().__init__(file, name)
        self._file = file
        self._hash = hashlib.sha256()
        self._at = 0

    def read(self, *size: int) -> Any:
        position = self._file.tell()
        if position == 0:
            self._hash, self._at = hashlib.sha256(), 0
        chunk = self._file.read(*size)
        if position == self._at and isinstance(chunk, bytes):
            self._hash.update(chunk)
            self._at += len(chunk)
        return chunk

    def saw(self, sha256: str, size: int) -> bool:
        """Whether exactly these bytes passed, in order, the last time."""
        return self._at == size and self._hash.hexdigest() == sha256
