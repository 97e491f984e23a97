"""Rows of a table of any length, a batch at a time."""

from collections.abc import Iterator
from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


class BatchedQuerySet(models.QuerySet[Row]):
    def batches(self, size: int) -> Iterator[list[Row]]:
        """In the order of their keys, each read when the one before is done with.

        Memory does not grow with the table on any database, as that of ``iterator()`` does on
        MariaDB, whose driver takes the whole answer. No cursor stays open while rows change.
        """
        ordered = self.order_by("pk")
        rest = ordered
        while batch := list(rest[:size]):
            yield batch
            rest = ordered.filter(pk__gt=batch[-1].pk)
