"""The page of reports over a million scans: each query that it asks, the slowest first.

All are of the last 90 days, and one in eight was decided by one of 20 people.

    [DATABASE_URL=…] python -m benchmarks.reports [--keep] [ROWS]
"""

import statistics
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from .rows import MODERATORS, fill
from .scratch import analyse, scratch, where

if TYPE_CHECKING:
    from django_nsfw.models import Decision

ROWS = 1_000_000
ROUNDS = 3
SHOWN = 5
"""Queries of each period."""


def main(arguments: Sequence[str]) -> None:
    with scratch(arguments, rows=ROWS, name="reports") as rows:
        _fill(rows)
        print(where(), flush=True)
        for days in (90, 30, 7):
            _measure(days)


def _fill(rows: int) -> None:
    """Of 1,000 scans 849 are clear, 19 wait, 113 are settled and 19 are past. One decision in fifty
    is undone, one is decided otherwise later."""
    from django_nsfw.models import Decision

    fill(rows, span=timedelta(days=90), fate=lambda drawn: drawn**0.25)
    if Decision.objects.filter(action="undo").exists():
        return
    changed = [_changed(one) for one in Decision.objects.iterator() if one.pk % 50 in (0, 1)]
    Decision.objects.bulk_create(changed, batch_size=1000)
    analyse("django_nsfw_decision")


def _changed(one: "Decision") -> "Decision":
    from django_nsfw.models import Decision

    undone = one.pk % 50 == 0
    action, to_status = (
        ("undo", one.from_status) if undone
        else ("reject", "rejected") if one.action == "approve"
        else ("approve", "approved")
    )  # fmt: skip
    return Decision(
        scan_id=one.scan_id,
        action=action,
        from_status=one.to_status,
        to_status=to_status,
        sha256=one.sha256,
        moderator_id=1 + one.pk // (2 if undone else 3) % MODERATORS,
        moderator_name="somebody",
        undoes=one if undone else None,
        created_at=one.created_at + timedelta(hours=1),
    )


def _measure(days: int) -> None:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from django_nsfw.reports import Period, Scope, report

    scope = Scope(user=User(is_superuser=True, is_active=True), period=Period.until_today(days))
    seconds = []
    for _ in range(ROUNDS):
        with CaptureQueriesContext(connection) as captured:
            started = time.perf_counter()
            report(scope)
            seconds.append(time.perf_counter() - started)
    print(f"{days} days: {statistics.median(seconds):.2f} s, {len(captured)} queries", flush=True)
    slowest = sorted(captured, key=lambda query: -float(query["time"]))
    for query in slowest[:SHOWN]:
        print(f"  {query['time']} s  {query['sql'][:150]}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
