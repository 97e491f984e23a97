"""Rows of a table of any length, a batch at a time."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)
Read = TypeVar("Read")


def batches_of(
    rows: "models.QuerySet[Any, Read]",
    size: int,
    *,
    key: Callable[[Read], Any] = attrgetter("pk"),
    newest_first: bool = False,
) -> Iterator[list[Read]]:
    """In the order of their keys, each read when the one before is done with.

    ``key`` gives the primary key of what is read, where that is no instance of a model.

    Memory does not grow with the table on any database, as that of ``iterator()`` does on
    MariaDB, whose driver takes the whole answer. No cursor stays open while rows change.
    """
    ordered = rest = rows.order_by("-pk" if newest_first else "pk")
    further = "pk__lt" if newest_first else "pk__gt"
    while batch := list(rest[:size]):
        yield batch
        rest = ordered.filter(**{further: key(batch[-1])})


class BatchedQuerySet(models.QuerySet[Row]):
    def batches(self, size: int) -> Iterator[list[Row]]:
        """As ``batches_of``."""
        return batches_of(self, size)
