"""Finding similar known images among many: time, rows read, and whether anything is missed.

Random hashes; queries at every distance from 0 to 31, and beyond.

    [DATABASE_URL=…] python -m benchmarks.known [SIZE …]
"""

import random
import statistics
import sys
import time
from collections.abc import Sequence

from .scratch import analyse, copy, database, where

SIZES = (10_000, 100_000, 1_000_000)
BEYOND = (32, 33, 36, 40, 48, 64, 128)
CHUNK = 50_000
SIZE_IN_BYTES = {
    "postgresql": "SELECT pg_database_size(current_database())",
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "mysql": "SELECT CAST(SUM(data_length + index_length) AS SIGNED) "
    "FROM information_schema.tables WHERE table_schema = database()",
}


def main(arguments: Sequence[str]) -> None:
    with database("known"):
        _on([int(size) for size in arguments] or SIZES)


def _on(sizes: Sequence[int]) -> None:
    rng = random.Random(1)  # noqa: S311
    values: list[int] = []
    for size in sizes:
        started = time.perf_counter()
        more = [rng.getrandbits(256) for _ in range(size - len(values))]
        _fill(len(values), more)
        values += more
        seconds = time.perf_counter() - started
        print(f"{where()}, {size:>9,} known images (built in {seconds:.0f} s)", flush=True)
        _measure(values, rng)


def _fill(start: int, values: Sequence[int]) -> None:
    """Straight through the cursor: the ORM would take minutes for seventeen million rows."""
    from django.db import connection, transaction
    from django.utils import timezone

    from django_nsfw.models import KnownSlot
    from django_nsfw.models.known import slot_keys

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -200000")  # KiB
            cursor.execute("PRAGMA synchronous = OFF")
    now = timezone.now().replace(tzinfo=None).isoformat(" ")
    known = (
        ("id", "key", "sha256", "pdq", "quality", "outcome", "source", "note", "created_at"),
        lambda pk, value: [
            (pk, f"p:{value:064x}", "", f"{value:064x}", 100, "reject", "bench", "", now)
        ],
    )
    slot = KnownSlot._meta
    with connection.schema_editor() as editor:  # sorting an index is faster than growing it
        editor.remove_index(KnownSlot, slot.indexes[0])
    slots = (("known_id", "key"), lambda pk, value: [(pk, key) for key in slot_keys(value)])
    for at in range(0, len(values), CHUNK):
        pairs = list(enumerate(values[at : at + CHUNK], start=start + at + 1))
        with transaction.atomic():
            for table, (columns, rows) in (
                ("django_nsfw_knownimage", known),
                ("django_nsfw_knownslot", slots),
            ):
                copy(table, columns, (row for pair in pairs for row in rows(*pair)))
    with connection.schema_editor() as editor:
        editor.add_index(KnownSlot, slot.indexes[0])
    analyse("django_nsfw_knownimage", "django_nsfw_knownslot")


def _measure(values: Sequence[int], rng: random.Random) -> None:
    import numpy as np
    from django.db import connection

    from django_nsfw.models import KnownImage, KnownSlot
    from django_nsfw.models.known import MAX_DISTANCE, neighbours

    table = np.frombuffer(b"".join(v.to_bytes(32, "big") for v in values), np.uint64)
    table = table.reshape(-1, 4)
    seconds, missed, false, rows, brute = [], 0, 0, [], []
    for distance in [*range(MAX_DISTANCE + 1), *BEYOND] * 2:
        wanted = rng.choice(values)
        for bit in rng.sample(range(256), distance):
            wanted ^= 1 << bit
        started = time.perf_counter()
        match = KnownImage.objects.similar([f"{wanted:064x}"])
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        row = np.frombuffer(wanted.to_bytes(32, "big"), np.uint64)
        nearest = int(np.bitwise_count(table ^ row).sum(axis=1).min())
        brute.append(time.perf_counter() - started)
        rows.append(KnownSlot.objects.filter(key__in=sorted(neighbours(wanted))).count())
        if nearest <= MAX_DISTANCE:
            missed += match is None or match.distance != nearest
        else:
            false += match is not None
    ranked = sorted(seconds)
    queries = len(seconds)
    print(
        f"  look-up: median {statistics.median(ranked) * 1000:.1f} ms, "
        f"95th percentile {ranked[int(queries * 0.95)] * 1000:.1f} ms; "
        f"{statistics.mean(rows):,.0f} rows of the index read on average\n"
        f"  {queries} queries at distances 0 to {max(BEYOND)}: {missed} missed, {false} false; "
        f"comparing with everything in memory takes {statistics.median(brute) * 1000:.1f} ms",
        flush=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(SIZE_IN_BYTES[connection.vendor])
        print(f"  size of the database: {cursor.fetchone()[0] / 1e6:,.0f} MB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
