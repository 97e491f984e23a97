"""The review queue in a long table: queries and milliseconds of what its pages ask for.

PostgreSQL only: the rows are made inside the database, a scratch one that ``--keep`` keeps.

    DATABASE_URL=postgres://… python -m benchmarks.queue [--keep] [ROWS]
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .scratch import scratch

ROWS = 10_000_000
ROUNDS = 7
PATIENCE = 10
"""Seconds after which a question is not asked again."""
DEEP = 100
"""Pages before the deep one."""

SERIES = """
SELECT i, {fate} AS fate, random() AS age, random() AS score, random() AS which,
       1 + floor(power(random(), 3) * {people})::int AS who, random() AS label
FROM generate_series(1, {rows}) AS i OFFSET 0
"""
"""A few uploaders have most of the files. Of 1,000 scans 960 are clear, 5 wait, 30 are settled and
5 are past; of those that wait six in ten came with the last fiftieth of all."""

SCANS = """
INSERT INTO django_nsfw_scan (
    id, token, field, object_pk, object_db, name, original_name, quarantine_name, uploader_id,
    verdict, known_id, known_distance, status, created_at, attempts, settled_at, escalated_at,
    sha256, size, format, width, height, frames, detector, nsfw, label, crops, ms, error_code,
    error_message, pdq, pdq_quality, pdq_rotations, scored_at)
SELECT i, gen_random_uuid(), field, i, 'default', 'photos/' || i || '.jpg', 'IMG_' || i || '.jpg',
    CASE WHEN status IN ('held', 'rejected') THEN 'held/' || i ELSE '' END, who,
    CASE WHEN status = 'clear' THEN 'allow' WHEN error <> '' THEN 'unknown' ELSE 'review' END,
    CASE WHEN status = 'held' AND which < 0.02 THEN 1 + i % 1000 END,
    CASE WHEN status = 'held' AND which < 0.02 THEN 12 END, status, moment, 0,
    CASE WHEN status IN ('approved', 'rejected') THEN moment + interval '3 hours' END,
    CASE WHEN status = 'held' AND which > 0.99 THEN moment + interval '1 hour' END,
    md5((i - CASE WHEN which < 0.01 THEN 1000 ELSE 0 END)::text) || md5('sha256'), 240000,
    'JPEG', 1600, 1200, 1, 'hf_hub:Marqo/nsfw-image-detection-384@0c26ec2/timm/fp32/v3', scored,
    CASE WHEN error <> '' THEN '' WHEN status = 'clear' THEN 'plain' WHEN label < 0.5 THEN 'skin'
         WHEN label < 0.9 THEN 'swimwear' ELSE 'drawing' END,
    CASE WHEN error <> '' THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_object(
        'frame', 0, 'tile', 0, 'ground', 'opaque', 'nsfw', scored, 'labels',
        jsonb_build_object('NSFW', scored, 'SFW', 1 - scored))) END,
    180, error, '', md5('a' || i) || md5('b' || i), 90, '', moment
FROM (
    SELECT *, CASE WHEN error <> '' THEN NULL WHEN status = 'clear' THEN power(score, 6) * 0.4
                   ELSE 0.4 + 0.6 * score END AS scored
    FROM (
        SELECT *,
            CASE WHEN which < 0.85 THEN 'host.Photo.image' WHEN which < 0.99 THEN 'host.Asset.file'
                 ELSE 'host.Slide.image' END AS field,
            CASE WHEN status IN ('held', 'flagged') AND score < 0.1 THEN
                CASE WHEN label < 0.5 THEN 'timeout' ELSE 'unreadable_image' END
            ELSE '' END AS error,
            now() - interval '{span}' * CASE
                WHEN status IN ('held', 'flagged') AND which > 0.4 THEN 0.02 * age
                ELSE 1 - i::float / {rows} END AS moment
        FROM (
            SELECT *, CASE WHEN fate < 0.960 THEN 'clear' WHEN fate < 0.964 THEN 'held'
                WHEN fate < 0.965 THEN 'flagged' WHEN fate < 0.985 THEN 'approved'
                WHEN fate < 0.995 THEN 'rejected' WHEN fate < 0.998 THEN 'superseded'
                ELSE 'gone' END AS status
            FROM ({series}) AS series
        ) AS stands
    ) AS scored
) AS rows
"""

AROUND = [
    """INSERT INTO auth_user (id, username, password, first_name, last_name, email, is_superuser,
        is_staff, is_active, date_joined)
       SELECT i, 'user' || i, '', '', '', '', false, i <= 20, true, now()
       FROM generate_series(1, {people}) AS i""",
    """INSERT INTO django_nsfw_decision (scan_id, action, from_status, to_status, sha256,
        moderator_id, moderator_name, note, created_at)
       SELECT id, CASE status WHEN 'approved' THEN 'approve' ELSE 'reject' END, 'held', status,
        sha256, 1 + id % 20, 'user' || 1 + id % 20, '', settled_at
       FROM django_nsfw_scan WHERE status IN ('approved', 'rejected')""",
    """INSERT INTO django_nsfw_knownimage (id, key, sha256, pdq, quality, outcome, decision_id,
        source, note, created_at)
       SELECT row_number() OVER (ORDER BY d.id), 's:' || md5(d.id::text) || md5('known'),
        d.sha256, s.pdq, 90, d.action, d.id, '', '', d.created_at
       FROM (SELECT * FROM django_nsfw_decision ORDER BY id LIMIT 1000) AS d
       JOIN django_nsfw_scan AS s ON s.id = d.scan_id""",
    """INSERT INTO django_nsfw_claim (scan_id, user_id, user_name, since, until, renewed)
       SELECT id, 1 + id % 20, 'somebody', now(), now() + interval '1 day', now()
       FROM django_nsfw_scan WHERE status = 'held' ORDER BY created_at LIMIT 40""",
]


def main(arguments: Sequence[str]) -> None:
    with scratch(arguments, rows=ROWS, name="queue") as rows:
        if rows:
            fill(rows)
            _measure()


def fill(rows: int, *, span: str = "3 years", fate: str = "random()") -> None:
    """Scans of the last ``span``; ``fate`` draws what became of each, a number from 0 to 1.

    Without indexes and foreign keys, which are made afterwards: sorting is faster.
    """
    from django.db import connection

    from django_nsfw.models import Scan

    if Scan.objects.exists():
        return
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'django_nsfw_scan' "
            "AND indexname <> 'django_nsfw_scan_pkey'"
        )
        indexes = cursor.fetchall()
        cursor.execute("ALTER TABLE django_nsfw_scan DROP CONSTRAINT nsfw_scan_token")
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX IF EXISTS "{name}"')
        people = max(rows // 100, 100)
        series = SERIES.format(rows=rows, people=people, fate=fate)
        cursor.execute(SCANS.format(rows=rows, span=span, series=series))
        for _, definition in indexes:
            cursor.execute(definition)
        for statement in AROUND:
            cursor.execute(statement.format(people=people))
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        [(size,)] = cursor.fetchall()
    print(f"{rows:,} scans made in {time.perf_counter() - started:.0f} s, {size}", flush=True)


def _measure() -> None:
    from django.db import connection

    version = ".".join(map(str, connection.get_database_version()))
    print(f"PostgreSQL {version}; median of {ROUNDS} after the first, and the first")
    for name, ask in _questions():
        _timed(name, ask)


def _questions() -> Iterator[tuple[str, Callable[[], Any]]]:
    from django.contrib.auth.models import Group, Permission, User
    from django.http import QueryDict
    from django.test import Client
    from django.urls import reverse

    from django_nsfw.models import FieldAccess, Scan
    from django_nsfw.queue import around, claims, counts, pages
    from django_nsfw.queue.asking import Question

    person = User.objects.get(pk=2)
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="django_nsfw"))
    narrow = User.objects.get(pk=3)
    group, _ = Group.objects.get_or_create(name="slides")
    FieldAccess.objects.get_or_create(group=group, field="host.Slide.image")
    narrow.groups.add(group)

    browser = Client()
    browser.force_login(person)

    def visit(query: str, *of: int) -> Callable[[], Any]:
        url = reverse("admin:django_nsfw_queue" + ("_item" if of else ""), args=of)
        return lambda: browser.get(f"{url}?{query}").content

    def asked(query: str) -> Question:
        return Question.of(QueryDict(query))

    def first(query: str, who: User = person) -> Callable[[], Any]:
        return lambda: pages.page(asked(query), who).scans

    for sort in ("-age", "-score", "uncertainty"):
        yield f"whole page: grid, sort={sort}", visit(f"sort={sort}")
        middle = pages.page(asked(f"sort={sort}"), person).scans[30]
        yield f"whole page: single, sort={sort}", visit(f"sort={sort}", middle.pk)
    for sort in ("-age", "age", "-score", "score", "uncertainty"):
        yield f"first page, sort={sort}", first(f"sort={sort}")
    for sort in ("-age", "-score", "uncertainty"):
        question, at = asked(f"sort={sort}"), pages.page(asked(f"sort={sort}"), person)
        for _ in range(DEEP - 1):
            at = pages.page(question, person, after=at.next)
        after = at.next
        yield (
            f"page {DEEP + 1}, sort={sort}",
            lambda question=question, after=after: pages.page(question, person, after=after).scans,
        )
        yield (
            f"the page before, sort={sort}",
            lambda question=question, after=after: pages.page(question, person, before=after).scans,
        )
    filters = [
        "field=host.Slide.image", "low=0.98", "low=0.98&sort=uncertainty", "reason=timeout",
        "reason=score", "reason=known", "reason=known&sort=-score", "verdict=unknown",
        "detector=hf_hub:Marqo/nsfw-image-detection-384@0c26ec2/timm/fp32/v3", "detector=none",
        "label=drawing", "label=none", "uploader=1", "uploader=50000", "max_age=24",
        "min_age=10000", "mine=1", "escalated=1", "status=approved&sort=age", "status=clear",
        "status=clear&sort=-score", "status=clear&sort=uncertainty", "status=clear&uploader=50000",
        "status=clear&uploader=1&sort=-score", "status=clear&label=none",
    ]  # fmt: skip
    for query in filters:
        yield f"first page, {query[:50]}", first(query)
    yield "first page, restricted to one field in a hundred", first("", narrow)
    yield "the same, sort=uncertainty", first("sort=uncertainty", narrow)
    for query in ["", *filters]:
        yield f"count, {query[:50]}", lambda query=query: counts.count(asked(query), person)
    scan = pages.page(asked("sort=-score"), person).scans[30]
    heavy = pages.page(asked("uploader=1&reason=known"), person).scans
    yield "single: the next", lambda: pages.following(asked(""), person, scan)
    yield (
        "single: the next by uncertainty",
        lambda: pages.following(asked("sort=uncertainty"), person, scan),
    )
    for said, one in [("", scan), *((" of a busy uploader", scan) for scan in heavy[:1])]:
        yield f"single: record{said}", lambda one=one: around.uploader_record(one, person)
        yield f"single: twins{said}", lambda one=one: around.twins(one, person)
    yield "claim, renewed", lambda: claims.claim(scan, person)
    yield "holders of 60", lambda: claims.holders(pages.page(asked(""), person).scans)
    yield "one scan by its key", lambda: Scan.objects.with_versions().get(pk=scan.pk)


def _timed(name: str, ask: Callable[[], Any]) -> None:
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


if __name__ == "__main__":
    main(sys.argv[1:])
