"""All figures of one page."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from .backlog import Backlog, backlog
from .breakdown import Failure, Field, Uploader, failures, fields, uploaders
from .came import came
from .inflow import Day, inflow
from .people import Moderator, moderators
from .period import today
from .scope import Scope
from .scores import Distribution, distributions

LASTS = 300
"""Seconds for which a report is shown again instead of being counted again."""


@dataclass(frozen=True, kw_only=True)
class Report:
    made_at: datetime
    inflow: list[Day]
    backlog: Backlog
    moderators: list[Moderator]
    fields: list[Field]
    uploaders: list[Uploader]
    scores: list[Distribution]
    failures: list[Failure]

    @property
    def is_empty(self) -> bool:
        """Nothing came, nothing was decided, nothing waits."""
        decided = any(day.by_people or day.inherited or day.undone for day in self.inflow)
        return not (decided or self.backlog.waiting or any(day.came for day in self.inflow))


def report(scope: Scope) -> Report:
    kinds = came(scope)
    return Report(
        made_at=timezone.now(),
        inflow=inflow(scope),
        backlog=backlog(scope),
        moderators=moderators(scope),
        fields=fields(kinds),
        uploaders=uploaders(scope),
        scores=distributions(kinds),
        failures=failures(kinds),
    )


def recent(scope: Scope) -> Report:
    """The report of ``scope``, perhaps one that was made within ``LASTS``, for anybody who
    moderates the same fields: at a million scans a quarter takes seconds to count."""
    asked = (
        None if scope.only is None else sorted(scope.only),
        scope.field,
        scope.period,
        today(),
        timezone.get_current_timezone_name(),
    )
    key = f"django_nsfw:report:{hashlib.sha256(repr(asked).encode()).hexdigest()}"
    found: Report | None = cache.get(key)
    if found is None:
        found = report(scope)
        cache.set(key, found, LASTS)
    return found
