"""File names that were never used before, so that nothing cached under them can be stale."""

import posixpath
import string

from django.utils.crypto import get_random_string

TOKEN_LENGTH = 16
"""Characters. Fewer only where the column has no room for them."""

ALPHABET = string.ascii_lowercase + string.digits


def fresh_name(name: str, *, extension: str | None = None, max_length: int | None = None) -> str:
    """``name`` with a random token before its extension, cut to ``max_length`` characters.

    ``extension`` (with its dot) replaces that of ``name``. Names are those of a storage: relative,
    with forward slashes.
    """
    folder, base = posixpath.split(name.replace("\\", "/"))
    root, own_extension = posixpath.splitext(base)
    extension = own_extension if extension is None else extension
    length = TOKEN_LENGTH
    if max_length is not None:
        room = max_length - len(posixpath.join(folder, f"_{extension}"))
        length = min(length, max(room, 1))
        root = root[: max(room - length, 0)]
    return posixpath.join(folder, f"{root}_{get_random_string(length, ALPHABET)}{extension}")


def kept_by_fresh_names(name: str, *, max_length: int | None) -> str:
    """What all of them begin with, that of a placeholder in PNG as well."""
    root, extension = posixpath.splitext(name)
    if max_length is not None:
        root = root[
            : max(max_length - TOKEN_LENGTH - len("_") - max(len(extension), len(".png")), 0)
        ]
    return root


def quarantine_name(token: str) -> str:
    """Where held bytes lie. No extension: nothing there is meant to be served or opened."""
    return f"held/{token[:2]}/{token}"
