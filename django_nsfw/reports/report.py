"""All figures of one page."""

from dataclasses import dataclass

from .backlog import Backlog, backlog
from .breakdown import Failure, Field, Uploader, failures, fields, uploaders
from .inflow import Day, inflow
from .people import Moderator, moderators
from .scope import Scope
from .scores import Distribution, distributions


@dataclass(frozen=True, kw_only=True)
class Report:
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
    return Report(
        inflow=inflow(scope),
        backlog=backlog(scope),
        moderators=moderators(scope),
        fields=fields(scope),
        uploaders=uploaders(scope),
        scores=distributions(scope),
        failures=failures(scope),
    )
