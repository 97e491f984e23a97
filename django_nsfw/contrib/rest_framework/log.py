"""The log of decisions page by page, the newest first, along the index of their time."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from ...models import Decision
from ...permissions import User, visible_decisions
from ...queue.lanes import Spot
from ...queue.pages import cursor_at, spot_at
from .pagination import Cursors

LOOKED_AT = 10_000
"""Decisions that are read one after the other for a page."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is empty or None does not filter. ``since`` and ``until`` belong to what is wanted."""

    actions: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    scan: int | None = None
    sha256: str = ""
    batch: uuid.UUID | None = None
    moderator: Any = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def found_by_index(self) -> bool:
        """Whether an index other than that of the time leads to a few."""
        return self.scan is not None or bool(self.sha256) or self.batch is not None

    @property
    def span(self) -> Q:
        asked = Q() if self.since is None else Q(created_at__gte=self.since)
        return asked if self.until is None else asked & Q(created_at__lte=self.until)

    @property
    def condition(self) -> Q:
        asked = {
            "action__in": self.actions,
            "scan__field__in": self.fields,
            "scan": self.scan,
            "sha256": self.sha256,
            "batch": self.batch,
            "moderator": self.moderator,
        }
        nothing = ((), "", None)
        return Q(**{lookup: value for lookup, value in asked.items() if value not in nothing})


def decided(wanted: Wanted, user: User, *, after: str = "", size: int) -> Cursors:
    """In fields that the user moderates. Asks for no permission. At most two queries.

    A page that is short, or empty, and has a next one does not say that nothing is there.
    """
    log = Decision.objects.filter(wanted.span).order_by("-created_at", "-pk")
    start = spot_at(after)
    if start is not None:
        earlier = Q(created_at__lt=start.created_at) | Q(pk__lt=start.pk)
        log = log.filter(Q(created_at__lte=start.created_at) & earlier)
    edge = None
    if not wanted.found_by_index:
        edge = log.values_list("created_at", flat=True)[LOOKED_AT : LOOKED_AT + 1].first()
    read = log if edge is None else log.filter(created_at__gte=edge)
    found = visible_decisions(user, read.filter(wanted.condition))
    rows = list(found.select_related("scan", "undone_by").defer("scan__crops")[: size + 1])
    if len(rows) > size:
        last = rows[size - 1]
        return Cursors(rows=rows[:size], next=_cursor(last.created_at, last.pk))
    return Cursors(rows=rows, next="" if edge is None else _cursor(edge, 0))


def _cursor(created_at: datetime, pk: int) -> str:
    return cursor_at(Spot(pk=pk, created_at=created_at, nsfw=None, field=""))
