"""Keeps a query of ours that fails from spoiling the transaction of the host: nobody may have run
``migrate`` yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction


class Shield:
    """A savepoint around a query, until it succeeded and so its columns are known to be there.

    One for each query: the tables that another one saw may be those of an earlier version.
    """

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
