"""A file that one process at a time has, and that is free at once when that one is killed."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from django.core.files import locks

from ..exceptions import NSFWError


class Taken(NSFWError):
    """Another process has the file. The text says which one, and since when."""


_held: set[int] = set()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """With ``path`` for this process alone; it is gone afterwards.

    Raises ``Taken``, and ``OSError`` where the file cannot be made or its file system knows no
    locks.
    """
    while True:
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not locks.lock(number, locks.LOCK_EX | locks.LOCK_NB):
            owner = _owner(number)
            os.close(number)
            raise Taken(owner)
        if _is_at(number, path):
            break
        os.close(number)  # who had it before has taken it away meanwhile
    _held.add(number)
    try:
        os.truncate(number, 0)
        os.write(number, _oneself())
        yield
    finally:
        if number in _held:
            _held.discard(number)
            with suppress(OSError):
                path.unlink()
            os.close(number)


def _is_at(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except FileNotFoundError:
        return False


def _oneself() -> bytes:
    since = datetime.now(UTC).isoformat(sep=" ", timespec="minutes")
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}).encode()


def _owner(number: int) -> str:
    try:
        owner = json.loads(os.read(number, 4096))
        return f"process {owner['pid']} on {owner['host']}, since {owner['since']}"
    except (ValueError, KeyError, OSError):  # it is about to write it
        return "another process"


def _let_go() -> None:
    """In a child: one that outlives its parent would go on holding what the parent had."""
    for number in _held:
        os.close(number)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
