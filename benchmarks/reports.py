"""The page of reports over a million scans: each query that it asks, the slowest first.

PostgreSQL only, as ``benchmarks.queue``, whose rows it takes: all of the last 90 days, and one in
eight was decided by one of 20 people.

    DATABASE_URL=postgres://… python -m benchmarks.reports [--keep] [ROWS]
"""

import statistics
import sys
import time
from collections.abc import Sequence

from .queue import fill
from .scratch import scratch

ROWS = 1_000_000
ROUNDS = 3
SHOWN = 5
"""Queries of each period."""

FATE = "power(random(), 0.25)"
"""Of 1,000 scans 849 are clear, 19 wait, 113 are settled and 19 are past."""

CHANGED = [
    """INSERT INTO django_nsfw_decision (scan_id, action, from_status, to_status, sha256,
        moderator_id, moderator_name, note, undoes_id, created_at)
       SELECT scan_id, 'undo', to_status, from_status, sha256, 1 + (id / 2) % 20, 'somebody', '',
        id, created_at + interval '1 hour'
       FROM django_nsfw_decision WHERE id % 50 = 0""",
    """INSERT INTO django_nsfw_decision (scan_id, action, from_status, to_status, sha256,
        moderator_id, moderator_name, note, created_at)
       SELECT scan_id, CASE action WHEN 'approve' THEN 'reject' ELSE 'approve' END, to_status,
        CASE action WHEN 'approve' THEN 'rejected' ELSE 'approved' END, sha256,
        1 + (id / 3) % 20, 'somebody', '', created_at + interval '1 hour'
       FROM django_nsfw_decision WHERE id % 50 = 1""",
    "VACUUM ANALYZE django_nsfw_decision",
]
"""One decision in fifty is undone, one is decided otherwise later."""


def main(arguments: Sequence[str]) -> None:
    with scratch(arguments, rows=ROWS, name="reports") as rows:
        if rows:
            _fill(rows)
            for days in (90, 30, 7):
                _measure(days)


def _fill(rows: int) -> None:
    from django.db import connection

    from django_nsfw.models import Decision

    fill(rows, span="90 days", fate=FATE)
    if Decision.objects.filter(action="undo").exists():
        return
    with connection.cursor() as cursor:
        for statement in CHANGED:
            cursor.execute(statement)


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
