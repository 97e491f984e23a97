"""Deliveries that are due: taken by one process, sent, and tried again as the convention has it."""

import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import router
from django.db.models import F
from django.utils import timezone

from .. import runners
from ..models import Delivery, DisabledEndpoint, Scan
from ..models.telling import ANSWER_LENGTH
from .endpoints import Endpoint, endpoints
from .posting import Answer, post

logger = logging.getLogger(__name__)

Status = Delivery.Status

DELAYS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Seconds between one attempt and the next: the schedule of the convention, three days in all."""

JITTER = 0.1
"""Up to so much of a delay is added, so that what failed together does not come back together."""

LONGEST_WAIT = 24 * 3600
"""Seconds that an endpoint can ask for in ``Retry-After``."""

TAKEN = timedelta(minutes=2)
"""For so long a delivery is one process's own. Far above the time-out of a request."""

SOON = 5 * 60
"""Seconds for which an engine is asked to come back; longer ones are for ``nsfw_deliver``."""

AT_ONCE = 100
"""Deliveries that a worker takes before others get their turn."""

CANDIDATES = 20
KEPT_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of one: ``status`` is where the delivery stands now. ``code``: HTTP status, or
    None where there was no answer. ``wait``: seconds to the next attempt."""

    message: str
    event: str
    url: str
    status: str
    attempts: int
    code: int | None = None
    answer: str = ""
    wait: float = 0


def work() -> None:
    """What a worker does when it is called. Calling it twice delivers once."""
    waits = [attempt.wait for attempt in deliver(limit=AT_ONCE) if attempt.status == Status.WAITING]
    runner = runners.current()
    soon = [wait for wait in waits if wait <= SOON * (1 + JITTER)]
    if soon and runner.delays:
        runner.deliver(delay=min(soon) + 1)


def deliver(*, limit: int | None = None) -> Iterator[Attempt]:
    """Send what is due, the oldest first; yields each attempt. By any number of processes.

    An endpoint that fails is left alone until the next call, so that the others need not wait.
    """
    db = router.db_for_write(Scan)
    told = {endpoint.url: endpoint for endpoint in endpoints()}
    failing: set[str] = set()
    done = 0
    while limit is None or done < limit:
        delivery = _take(db, failing)
        if delivery is None:
            return
        done += 1
        attempt = _attempt(delivery, told.get(delivery.url), db)
        if attempt.status == Status.WAITING:
            failing.add(attempt.url)
        yield attempt


def clear_away(*, days: int = KEPT_DAYS) -> int:
    """Delete what was settled so many days ago; returns how many there were."""
    old = timezone.now() - timedelta(days=days)
    db = router.db_for_write(Scan)
    number, _ = Delivery.objects.using(db).filter(settled_at__lt=old).delete()
    return number


def enable(url: str) -> bool:
    """Tell an endpoint again that answered 410. What happened meanwhile stays untold."""
    disabled = DisabledEndpoint.objects.using(router.db_for_write(Scan)).filter(url=url)
    return bool(disabled.delete()[0])


def retry_failed() -> int:
    """Begin anew with what failed after its last attempt; returns how many there are."""
    failed = Delivery.objects.using(router.db_for_write(Scan)).filter(status=Status.FAILED)
    return failed.update(status=Status.WAITING, attempts=0, next_at=timezone.now(), settled_at=None)


def _take(db: str, failing: set[str]) -> Delivery | None:
    """The next one that is due and that no other process took; it is ours from here on."""
    rows = Delivery.objects.using(db)
    while True:
        due = rows.due().exclude(url__in=failing)
        candidates = list(due[:CANDIDATES])
        for delivery in candidates:
            mine = rows.filter(
                pk=delivery.pk, status=Status.WAITING, next_at=delivery.next_at
            ).update(next_at=timezone.now() + TAKEN, attempts=F("attempts") + 1)
            if mine:
                delivery.attempts += 1
                return delivery
        if len(candidates) < CANDIDATES:
            return None


def _attempt(delivery: Delivery, endpoint: Endpoint | None, db: str) -> Attempt:
    if endpoint is None or delivery.event not in endpoint.events:
        return _settle(delivery, db, Status.DROPPED, Answer(words="No such endpoint any more."))
    if DisabledEndpoint.objects.using(db).filter(url=delivery.url).exists():
        return _settle(delivery, db, Status.DROPPED, Answer(words="The endpoint is disabled."))
    answer = post(endpoint, delivery.message, delivery.body)
    if answer.taken:
        return _settle(delivery, db, Status.DELIVERED, answer)
    if answer.code == 410:
        DisabledEndpoint.objects.using(db).get_or_create(url=delivery.url)
        logger.error("%s answered 410 Gone and is told nothing any more", answer.host)
        return _settle(delivery, db, Status.FAILED, answer)
    if delivery.attempts > len(DELAYS):
        logger.error("%s was not told of %s: %s", answer.host, delivery.event, answer.words)
        return _settle(delivery, db, Status.FAILED, answer)
    return _settle(delivery, db, Status.WAITING, answer, wait=_wait(delivery.attempts, answer))


def _wait(attempts: int, answer: Answer) -> float:
    asked = min(answer.retry_after, LONGEST_WAIT)
    spread = 1 + random.uniform(0, JITTER)  # noqa: S311 - nothing to be guessed
    return max(DELAYS[attempts - 1], asked) * spread


def _settle(
    delivery: Delivery, db: str, to: "Status", answer: Answer, *, wait: float = 0
) -> Attempt:
    """Unless another process has it by now, because this one was away for longer than ``TAKEN``."""
    now = timezone.now()
    mine = Delivery.objects.using(db).filter(
        pk=delivery.pk, status=Status.WAITING, attempts=delivery.attempts
    )
    mine.update(
        status=to,
        next_at=now + timedelta(seconds=wait),
        answer_code=answer.code,
        answer=answer.words[:ANSWER_LENGTH],
        settled_at=None if to == Status.WAITING else now,
    )
    return Attempt(
        message=delivery.message,
        event=delivery.event,
        url=delivery.url,
        status=to.value,
        attempts=delivery.attempts,
        code=answer.code,
        answer=answer.words[:ANSWER_LENGTH],
        wait=round(wait, 1),
    )
