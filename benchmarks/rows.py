"""A long table of scans, with what stands around them, on any database.

Scans are written without their indexes, which are made afterwards: sorting is faster.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import md5
from itertools import islice
from typing import Any
from uuid import UUID

from .scratch import analyse, copy

CHUNK = 50_000

DETECTOR = "hf_hub:Marqo/nsfw-image-detection-384@0c26ec2/timm/fp32/v3"

STATUSES = (
    (0.960, "clear"), (0.964, "held"), (0.965, "flagged"), (0.985, "approved"),
    (0.995, "rejected"), (0.998, "superseded"), (1.0, "gone"),
)  # fmt: skip
"""Of 1,000 scans 960 are clear, 5 wait, 30 are settled and 5 are past."""

COLUMNS = (
    "id", "token", "field", "object_pk", "object_db", "name", "original_name", "quarantine_name",
    "uploader_id", "verdict", "known_id", "known_distance", "status", "created_at", "attempts",
    "settled_at", "escalated_at", "sha256", "size", "format", "width", "height", "frames",
    "detector", "nsfw", "label", "crops", "ms", "error_code", "error_message", "pdq",
    "pdq_quality", "pdq_rotations", "scored_at",
)  # fmt: skip

KNOWN = 1000
CLAIMED = 40
MODERATORS = 20


def fill(
    rows: int,
    *,
    span: timedelta = timedelta(days=3 * 365),
    fate: Callable[[float], float] = lambda drawn: drawn,
) -> None:
    """Scans of the last ``span``; ``fate`` turns what is drawn from 0 to 1 into what became of
    each. A few uploaders have most of the files, and of those that wait six in ten came with the
    last fiftieth of all."""
    from django.db import connection
    from django.utils import timezone

    from django_nsfw.models import Scan

    if Scan.objects.exists():
        return
    started, now = time.perf_counter(), timezone.now()
    people = max(rows // 100, 100)
    scans = _scans(rows, people=people, now=now.replace(tzinfo=None), span=span, fate=fate)
    _set(connection)
    with _without_indexes(connection, Scan), connection.constraint_checks_disabled():
        _people(people)
        in_chunks("django_nsfw_scan", COLUMNS, scans)
        _around(now)
    analyse(*connection.introspection.table_names())
    connection.close()  # what was set for filling it
    print(f"{rows:,} scans made in {time.perf_counter() - started:.0f} s", flush=True)


def in_chunks(table: str, columns: tuple[str, ...], rows: Iterator[Any]) -> None:
    from django.db import transaction

    while chunk := list(islice(rows, CHUNK)):
        with transaction.atomic():
            copy(table, columns, chunk)


def _scans(
    rows: int, *, people: int, now: Any, span: timedelta, fate: Callable[[float], float]
) -> Iterator[tuple[Any, ...]]:
    rng = random.Random(5)  # noqa: S311
    draw, bits = rng.random, rng.getrandbits
    for i in range(1, rows + 1):
        which, score, label = draw(), draw(), draw()
        drawn = fate(draw())
        status = next(name for end, name in STATUSES if drawn < end)
        waits = status in ("held", "flagged")
        error = ("timeout" if label < 0.5 else "unreadable_image") if waits and score < 0.1 else ""
        nsfw = None if error else 0.4 * score**6 if status == "clear" else 0.4 + 0.6 * score
        age = 0.02 * draw() if waits and which > 0.4 else 1 - i / rows
        moment = now - age * span
        at = moment.isoformat(" ", "microseconds")
        known = status == "held" and which < 0.02
        settled = status in ("approved", "rejected")
        digest = i - 1000 if which < 0.01 else i
        yield (
            i, UUID(int=bits(128), version=4).hex,
            "host.Photo.image" if which < 0.85 else
            "host.Asset.file" if which < 0.99 else "host.Slide.image",
            i, "default", f"photos/{i}.jpg", f"IMG_{i}.jpg",
            f"held/{i}" if status in ("held", "rejected") else "",
            1 + int(draw() ** 3 * people),
            "allow" if status == "clear" else "unknown" if error else "review",
            1 + i % KNOWN if known else None, 12 if known else None, status, at, 0,
            (moment + timedelta(hours=3)).isoformat(" ", "microseconds") if settled else None,
            (moment + timedelta(hours=1)).isoformat(" ", "microseconds")
            if status == "held" and which > 0.99 else None,
            _digest(digest, "sha256"), 240_000, "JPEG", 1600, 1200, 1, DETECTOR, nsfw,
            "" if error else "plain" if status == "clear" else
            "skin" if label < 0.5 else "swimwear" if label < 0.9 else "drawing",
            "[]" if nsfw is None else json.dumps([{
                "frame": 0, "tile": 0, "ground": "opaque", "nsfw": nsfw,
                "labels": {"NSFW": nsfw, "SFW": 1 - nsfw},
            }]),
            180, error, "", _digest(i, "pdq"), 90, "", at,
        )  # fmt: skip


def _digest(number: int, kind: str) -> str:
    first = md5(f"{number}{kind}".encode(), usedforsecurity=False).hexdigest()
    return first + first[::-1]


def _people(number: int) -> None:
    from django.contrib.auth.models import User

    User.objects.bulk_create(
        [
            User(pk=pk, username=f"user{pk}", is_staff=pk <= MODERATORS)
            for pk in range(1, number + 1)
        ],
        batch_size=1000,
    )


def _around(now: Any) -> None:
    """A decision for each scan that is settled, known images, and claims."""
    from django_nsfw.models import Claim, Decision, KnownImage, Scan

    settled = Scan.objects.filter(status__in=["approved", "rejected"]).order_by("pk")
    columns: Any = settled.values_list("pk", "status", "sha256", "settled_at", "pdq")
    Decision.objects.bulk_create(
        (
            Decision(
                scan_id=pk, action="approve" if status == "approved" else "reject",
                from_status="held", to_status=status, sha256=sha256,
                moderator_id=1 + pk % MODERATORS, moderator_name=f"user{1 + pk % MODERATORS}",
                created_at=at,
            )
            for pk, status, sha256, at, _ in columns.iterator(CHUNK)
        ),
        batch_size=1000,
    )  # fmt: skip
    first = Decision.objects.order_by("pk").select_related("scan")[:KNOWN]
    KnownImage.objects.bulk_create(
        KnownImage(
            key=f"s:{_digest(decision.pk, 'known')}", sha256=decision.sha256,
            pdq=decision.scan.pdq, quality=90, outcome=decision.action, decision=decision,
            created_at=decision.created_at,
        )
        for decision in first
    )  # fmt: skip
    Claim.objects.bulk_create(
        Claim(
            scan_id=pk, user_id=1 + pk % MODERATORS, user_name="somebody",
            until=now + timedelta(days=1),
        )
        for pk in Scan.objects.filter(status="held").order_by("created_at").values_list(
            "pk", flat=True)[:CLAIMED]
    )  # fmt: skip


def _set(connection: Any) -> None:
    settings = {
        "postgresql": [
            "SET session_replication_role = replica",
            "SET maintenance_work_mem = '512MB'",
        ],
        "sqlite": ["PRAGMA cache_size = -200000", "PRAGMA synchronous = OFF"],  # KiB
    }
    with connection.cursor() as cursor:
        for statement in settings.get(connection.vendor, []):
            cursor.execute(statement)


@contextmanager
def _without_indexes(connection: Any, model: Any) -> Iterator[None]:
    with connection.schema_editor() as editor:
        for index in model._meta.indexes:
            editor.remove_index(model, index)
    yield
    with connection.schema_editor() as editor:
        for index in model._meta.indexes:
            editor.add_index(model, index)
