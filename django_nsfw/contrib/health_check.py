"""django-health-check: whether detectors are there, and whether files wait for too long."""

import dataclasses
from collections.abc import Iterable
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db import DatabaseError
from django.utils import timezone
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable, ServiceWarning

from ..conf import nsfw_settings
from ..detectors import detectors
from ..models import Scan
from ..standing import Waiting, waiting


@dataclasses.dataclass
class DetectorCheck(HealthCheck):
    """A detector that could not be had is a failure: every upload waits for a person meanwhile.

    ``load``: load it where nothing did yet, so that a process is ready only once it can score. Why
    it failed is in the log, not in the answer, which anybody may read.
    """

    alias: str = "default"
    load: bool = dataclasses.field(default=False, repr=False)
    timeout: timedelta = dataclasses.field(default=timedelta(seconds=60), repr=False)

    def run(self) -> None:
        if self.alias not in detectors:
            raise ServiceUnavailable(f"NSFW_DETECTORS has no {self.alias!r}.")
        if self.load:
            try:
                detectors[self.alias]
            except Exception as error:
                raise self._trouble() from error
        if detectors.state(self.alias) == "failed":
            raise self._trouble()

    def _trouble(self) -> ServiceUnavailable:
        return ServiceUnavailable(
            f"The detector {self.alias!r} cannot be had: uploads are held unscored. "
            "The log says why."
        )


@dataclasses.dataclass
class QueueCheck(HealthCheck):
    """Files that wait for a worker past their deadline are a failure.

    ``hours``: files that wait for people for longer than that are a warning; None: never.
    """

    hours: float | None = None

    async def run(self) -> None:
        try:
            found = await sync_to_async(waiting)()  # over the connection of the request
        except DatabaseError as error:
            raise ServiceUnavailable("The database does not answer.") from error
        deadline = nsfw_settings.background.deadline
        late = _longest(found[status] for status in Scan.UNSETTLED)
        if late > deadline:
            raise ServiceUnavailable(
                f"A file has waited for its score for {late.total_seconds():,.0f} s, longer than "
                f"{deadline.total_seconds():,.0f} s. Are workers running?"
            )
        people = _longest(found[status] for status in Scan.WAITING)
        if self.hours is not None and people > timedelta(hours=self.hours):
            raise ServiceWarning(
                f"A file has waited for people for {people.total_seconds() / 3600:,.0f} hours."
            )


def _longest(those: Iterable[Waiting]) -> timedelta:
    now = timezone.now()
    return max(now - each.oldest if each.oldest else timedelta(0) for each in those)
