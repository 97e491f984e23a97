"""Storages raise what they like; callers here see an ``OSError`` that says which storage it was.

The client libraries of object stores have exceptions of their own, which no ``except OSError`` of
a host would catch. ``OSError`` itself passes unchanged from the field's own storage.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ..exceptions import NSFWError, QuarantineError, StorageError


@contextmanager
def quarantine_cannot(verb: str) -> Iterator[None]:
    """Raise ``QuarantineError`` for whatever goes wrong, but for a file that is not there."""
    try:
        yield
    except (NSFWError, FileNotFoundError):
        raise
    except Exception as error:
        raise QuarantineError(f"The quarantine cannot {verb}: {said_by(error)}") from error


@contextmanager
def storage_cannot(verb: str, *, field: str) -> Iterator[None]:
    """Raise ``StorageError`` where the field's own storage raises something unheard of."""
    try:
        yield
    except (NSFWError, OSError):
        raise
    except Exception as error:
        raise StorageError(f"The storage of {field} cannot {verb}: {said_by(error)}") from error


def said_by(error: Exception) -> str:
    """Some exceptions have nothing to say but their name."""
    return str(error) or type(error).__name__
