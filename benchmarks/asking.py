"""Questions to a long table: how many queries they take, and how long."""

import statistics
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 7
PATIENCE = 10
"""Seconds after which a question is not asked again."""

SAID = f"median of {ROUNDS} after the first, and the first"


def timed(name: str, ask: Callable[[], Any]) -> None:
    """Print what ``SAID`` says; of bytes their size, of rows how many there are."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    seconds = []
    for _ in range(ROUNDS + 1):
        with CaptureQueriesContext(connection) as captured:
            started = time.perf_counter()
            found = ask()
            seconds.append(time.perf_counter() - started)
        if sum(seconds) > PATIENCE:
            break
    first, *others = seconds if len(seconds) > 1 else seconds * 2
    size = f"{len(found) // 1024} KiB" if isinstance(found, bytes) else None
    rows = size or (len(found) if hasattr(found, "__len__") else str(found)[:30])
    print(
        f"{name:<58} {len(captured):>3} queries {statistics.median(others) * 1000:>9.1f} ms "
        f"{first * 1000:>9.1f} ms  {rows}",
        flush=True,
    )
