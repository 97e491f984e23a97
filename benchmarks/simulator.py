"""Thresholds that are tried on a million scans of 30 days: page, command, and the queries of both.

[DATABASE_URL=…] python -m benchmarks.simulator [--keep] [ROWS]
"""

import io
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from .rows import fill
from .scratch import scratch, where

ROWS = 1_000_000
ROUNDS = 5
PROPOSALS = ((0.62, 0.97), (0.3, 0.9), (0.2, 0.9))


def main(arguments: Sequence[str]) -> None:
    with scratch(arguments, rows=ROWS, name="simulator") as rows:
        fill(rows, span=timedelta(days=30))
        print(where(), flush=True)
        for review, reject in PROPOSALS:
            _measure(review, reject)


def _measure(review: float, reject: float) -> None:
    from django.contrib.auth.models import Permission, User
    from django.core.management import call_command
    from django.test import Client
    from django.urls import reverse

    from django_nsfw.models import Scan
    from django_nsfw.reports import Period, Scope
    from django_nsfw.simulation import Proposal, simulate
    from django_nsfw.simulation.proposal import lowest, pairs

    proposal = Proposal(review=review, reject=reject)
    compared = pairs(proposal, Scope(user=None, period=Period.until_today(31)).fields)
    least = lowest(*(policy for pair in compared for policy in (pair.now, pair.then)))
    share = Scan.objects.filter(nsfw__gte=least).count() / Scan.objects.count()
    print(f"review {review}, reject {reject}: {share:.1%} of the scans are at {least} or above")

    person = User.objects.get(pk=2)
    person.user_permissions.set(Permission.objects.filter(codename="see_reports"))
    browser = Client()
    browser.force_login(person)
    asked = {"review": review, "reject": reject, "days": 30}
    url = reverse("admin:django_nsfw_simulator")
    _timed("page", lambda: browser.get(url, asked).content)
    command = ("nsfw_simulate", f"--review={review}", f"--reject={reject}", "--days=31")
    _timed("command", lambda: call_command(*command, stdout=io.StringIO()))
    scope = Scope(user=None, period=Period.until_today(31))
    _timed("queries", lambda: simulate(scope, proposal))


def _timed(what: str, ask: Callable[[], Any]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    seconds = []
    for _ in range(ROUNDS):
        with CaptureQueriesContext(connection) as captured:
            started = time.perf_counter()
            ask()
            seconds.append(time.perf_counter() - started)
    slow = ", ".join(query["time"] for query in captured if float(query["time"]) >= 0.01)
    print(
        f"  {what}: {statistics.median(seconds):.2f} s, {min(seconds):.2f} to {max(seconds):.2f} "
        f"(to be held: 1 s); queries of 10 ms and more: {slow} s",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
