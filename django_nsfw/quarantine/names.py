"""File names that were never used before, so that nothing cached under them can be stale."""

import posixpath
import secrets

TOKEN_BYTES = 8


def fresh_name(name: str, *, extension: str | None = None, max_length: int | None = None) -> str:
    """``name`` with a random token before its extension, cut to ``max_length`` characters.

    ``extension`` (with its dot) replaces that of ``name``. Names are those of a storage: relative,
    with forward slashes.
    """
    folder, base = posixpath.split(name.replace("\\", "/"))
    root, own_extension = posixpath.splitext(base)
    tail = f"_{secrets.token_hex(TOKEN_BYTES)}{own_extension if extension is None else extension}"
    if max_length is not None:
        root = root[: max(max_length - len(posixpath.join(folder, tail)), 0)]
    return posixpath.join(folder, root + tail)


def quarantine_name(token: str) -> str:
    """Where held bytes lie. No extension: nothing there is meant to be served or opened."""
    return f"held/{token[:2]}/{token}"
