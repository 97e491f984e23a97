"""Several values by one statement: scalar subqueries beside any one scan.

SQLite has no UNION of limited queries, and MariaDB no LIMIT within IN.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery

from ..models import Scan


class Number(Subquery):
    """How many rows there are, counted up to a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) nsfw_counted)"
    empty_result_set_value = 0  # where Django sees that there are none, and asks nothing

    def __init__(self, rows: QuerySet[Any], limit: int) -> None:
        super().__init__(rows.order_by().values("pk")[:limit], output_field=IntegerField())


def at_once(values: Sequence[Subquery]) -> list[Any]:
    """What each subquery says now; without any scan nothing, which is None. At most one query."""
    if not values:
        return []
    found = Scan.objects.filter(pk__gt=0).order_by("pk").values_list(*values)[:1]
    return list(next(iter(found), [None] * len(values)))
