"""Keeps a query of ours that fails from spoiling the transaction of the host."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction


class Shield:
    """A savepoint around queries, until one succeeded and so the tables are known to be there."""

    def __init__(self) -> None:
        self._proven: set[str] = set()

    @contextmanager
    def __call__(self, db: str) -> Iterator[None]:
        if db in self._proven or not connections[db].in_atomic_block:
            yield
        else:
            with transaction.atomic(using=db):
                yield
        self._proven.add(db)
