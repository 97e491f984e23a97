"""What every upload, listing and page of the queue asks is answered from an index."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_nsfw import assessment
from django_nsfw.decisions import approve
from django_nsfw.listings import exclude_held, status_of, with_nsfw_status
from django_nsfw.models import Scan
from django_nsfw.models.on_record import on_record
from django_nsfw.queue import pages
from django_nsfw.queue.around import twins, uploader_record
from django_nsfw.queue.asking import SORTS, Question
from django_nsfw.queue.counts import count
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.host.models import Photo
from tests.test_models import scan

pytestmark = pytest.mark.django_db(transaction=True)  # MariaDB commits where it analyses

ROWS = 3000
NOBODY = get_user_model()(pk=0, is_superuser=True)
"""Who is restricted to nothing, and has nothing."""
DIGEST = "5" * 64
BODY = picture(seed=61)


@pytest.fixture
def filled(constant):
    """Enough scans for a planner to care, and its statistics brought up to date."""
    constant.answer = 0.8
    Scan.objects.bulk_create(
        scan(
            object_pk=str(number),
            name=f"photos/{number}.jpg",
            sha256=f"{number:064x}",
            status=Scan.Status.HELD if number % 100 == 0 else Scan.Status.CLEAR,
            quarantine_name=f"held/{number}",
            nsfw=number / ROWS,
        )
        for number in range(ROWS)
    )
    Photo.objects.bulk_create(
        Photo(image=f"photos/{number}.jpg", width=1, height=1) for number in range(0, ROWS, 10)
    )
    # SQLite plans without statistics where nobody asks it for them, and nobody does.
    analyse = {
        "mysql": "ANALYZE TABLE django_nsfw_scan, host_photo",
        "postgresql": "ANALYZE django_nsfw_scan, host_photo",
    }.get(connection.vendor)
    if analyse:
        with connection.cursor() as cursor:
            cursor.execute(analyse)


def upload_known_bytes():
    Photo.objects.create(image=upload(body=BODY))
    assessment.memo.clear()
    Photo.objects.create(image=upload(body=BODY))


def replace():
    photo = Photo.objects.latest("pk")
    photo.image = upload(body=BODY)
    photo.save()


def decide():
    photo = Photo.objects.create(image=upload(body=BODY))
    approve(Scan.objects.get(name=photo.image.name), moderator=None)


ASKED = [
    pytest.param(lambda: on_record(DIGEST, "a", using="default"), id="what is on record of bytes"),
    pytest.param(upload_known_bytes, id="an upload"),
    pytest.param(replace, id="an upload that replaces another"),
    pytest.param(decide, id="a decision"),
    pytest.param(
        lambda: list(Scan.objects.of_bytes(DIGEST[:12])),
        id="the search for a digest by its beginning",
    ),
    pytest.param(
        lambda: list(Scan.objects.waiting().order_by("created_at")[:50]),
        id="the oldest in the queue",
    ),
    pytest.param(
        lambda: list(Scan.objects.waiting().order_by("-nsfw")[:50]), id="the highest score first"
    ),
    pytest.param(lambda: Scan.objects.waiting().count(), id="the length of the queue"),
    *(
        pytest.param(
            lambda sort=sort: list(pages.page(Question(sort=sort), NOBODY).scans),
            id=f"a page of the queue, sort={sort}",
        )
        for sort in SORTS
    ),
    pytest.param(
        lambda: pages.following(Question(), NOBODY, Scan.objects.waiting().earliest("created_at")),
        id="the next one in the queue",
    ),
    pytest.param(
        lambda: str(count(Question(label="explicit"), NOBODY)), id="what waits with some label"
    ),
    pytest.param(
        lambda: uploader_record(Scan(uploader_id=1), NOBODY), id="the record of an uploader"
    ),
    pytest.param(lambda: twins(Scan(pk=0, sha256=DIGEST), NOBODY), id="the same bytes elsewhere"),
    pytest.param(
        lambda: list(Scan.objects.of_object(Photo.objects.latest("pk"), "image")),
        id="the scans of an object",
    ),
    pytest.param(lambda: status_of(Photo.objects.latest("pk").image), id="the status of one file"),
    pytest.param(
        lambda: list(exclude_held(Photo.objects.order_by("-pk"))[:20]), id="a page without the held"
    ),
    pytest.param(
        lambda: list(with_nsfw_status(Photo.objects.order_by("-pk"))[:20]),
        id="a page with the status of each",
    ),
]


@pytest.mark.parametrize("ask", ASKED)
def test_no_query_reads_all_scans(ask, filled):
    with CaptureQueriesContext(connection) as captured:
        ask()
    asked = [q["sql"] for q in captured if reads_scans(q["sql"])]
    assert asked
    for sql in asked:
        assert whole_tables_read_by(sql) == [], sql.partition(" FROM ")[2]


def test_the_sweep_walks_the_index_of_what_known_images_settled(filled):
    """In the order of their keys it would read every scan, to find none."""
    decide()
    with CaptureQueriesContext(connection) as captured:
        assert list(sweep(older_than=timedelta(0))) == []
    [sql] = [q["sql"] for q in captured if "django_nsfw_knownimage" in q["sql"]]
    unquoted = sql.replace('"', "").replace("`", "")
    assert "django_nsfw_scan.known_id > 0" in unquoted
    assert re.search(r"ORDER BY (1|known_id|django_nsfw_scan.known_id) ASC LIMIT 200$", unquoted)


def reads_scans(sql):
    return "django_nsfw_scan" in sql and sql.lstrip("(").startswith(("SELECT", "UPDATE"))


def whole_tables_read_by(sql):
    """The lines of the plan that go through every scan."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            lines = [row[3] for row in cursor.fetchall()]
            return [line for line in lines if re.match(r"SCAN (U0|django_nsfw_scan)", line)]
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN {sql}")
            lines = [row[0] for row in cursor.fetchall()]
            return [line for line in lines if "Seq Scan on django_nsfw_scan" in line]
        cursor.execute(f"EXPLAIN {sql}")
        columns = [column[0] for column in cursor.description]
        steps = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return [
            str(step)
            for step in steps
            if step["table"] in ("U0", "django_nsfw_scan") and step["type"] == "ALL"
        ]
