"""Thresholds that are tried on a million scans of 30 days: the whole answer, and its queries.

PostgreSQL only, as ``benchmarks.queue``, whose rows it takes: of 1,000 scans 85 have a score of 0.3
or more, which is the lowest threshold of the first proposal; of the second it is 0.2.

    DATABASE_URL=postgres://… python -m benchmarks.simulator [--keep] [ROWS]
"""

import statistics
import sys
import time
from collections.abc import Sequence

from .queue import fill
from .scratch import scratch

ROWS = 1_000_000
ROUNDS = 5
PROPOSALS = ((0.62, 0.97), (0.2, 0.9))


def main(arguments: Sequence[str]) -> None:
    with scratch(arguments, rows=ROWS, name="simulator") as rows:
        if rows:
            fill(rows, span="30 days")
            for review, reject in PROPOSALS:
                _measure(review, reject)


def _measure(review: float, reject: float) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from django_nsfw.reports import Period, Scope
    from django_nsfw.simulation import Proposal, simulate

    scope = Scope(user=None, period=Period.until_today(31))
    seconds = []
    for _ in range(ROUNDS):
        with CaptureQueriesContext(connection) as captured:
            started = time.perf_counter()
            found = simulate(scope, Proposal(review=review, reject=reject))
            seconds.append(time.perf_counter() - started)
    took = ", ".join(query["time"] for query in captured)
    print(
        f"review {review}, reject {reject}: {statistics.median(seconds):.2f} s for "
        f"{found.total.came:,} scans, {found.total.then.held:,} held "
        f"(to be held: 1 s); queries: {took} s",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
