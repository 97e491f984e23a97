"""Views that change many rows, each in a transaction of its own."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections, transaction
from django.utils.translation import ngettext

PATIENCE = 20
"""Seconds after which a request begins with no further row: servers and proxies end one that takes
30 or 60, and nobody would be told what became of it."""

View = TypeVar("View", bound=Callable[..., Any])


def one_by_one(view: View) -> View:
    """Keep ``ATOMIC_REQUESTS`` from making one transaction of them, in any database.

    One that fails would take back the rows of all others, whose files have moved already; and all
    would be locked until the last one is done.
    """
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


def left(number: int) -> str:
    """What a request says that had no time for all."""
    said = ngettext(
        "%d is left, and waits unchanged: one request may take only so long. Do it again.",
        "%d are left, and wait unchanged: one request may take only so long. Do it again.",
        number,
    )
    return said % number
