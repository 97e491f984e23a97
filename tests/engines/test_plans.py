"""What every upload, listing and page of the queue asks is answered from an index."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_nsfw import assessment
from django_nsfw.contrib.bucket_events.latecomers import scans_of_upload
from django_nsfw.decisions import approve
from django_nsfw.listings import exclude_held, status_of, with_nsfw_status
from django_nsfw.models import Scan, ShadowScore
from django_nsfw.models.on_record import on_record
from django_nsfw.queue import pages
from django_nsfw.queue.around import twins, uploader_record
from django_nsfw.queue.asking import SORTS, Question
from django_nsfw.queue.counts import count
from django_nsfw.reports import Period, Scope
from django_nsfw.simulation import Proposal, simulate
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
    analyse("django_nsfw_scan, host_photo")


def analyse(tables):
    """SQLite plans without statistics where nobody asks it for them, and nobody does."""
    command = {"mysql": "ANALYZE TABLE", "postgresql": "ANALYZE"}.get(connection.vendor)
    if command:
        with connection.cursor() as cursor:
            cursor.execute(f"{command} {tables}")


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
        lambda: list(scans_of_upload(Photo._meta.get_field("image"), "photos/2000.jpg")),
        id="the scans of what was uploaded under a name",
    ),
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


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the others have statistics")
def test_the_simulator_begins_with_what_is_few(filled):
    """Nobody asks SQLite for statistics, and it would begin with the period or the fields."""
    scope = Scope(user=None, period=Period.until_today(30))
    with CaptureQueriesContext(connection) as captured:
        simulate(scope, Proposal(review=0.9, reject=None))
    assert [index_of_scans(q["sql"]) for q in captured] == [
        "nsfw_scan_queue_age (status=? AND created_at>? AND created_at<?)",  # all that came
        "nsfw_scan_queue_score (status=? AND nsfw=?)",
        "django_nsfw_scan_known_id_0febd1df (known_id>?)",
        "nsfw_scan_queue_score (status=? AND nsfw>?)",
        "nsfw_scan_queue_age (status=? AND created_at>? AND created_at<?)",  # of what is settled
        "PRIMARY KEY (rowid=?)",
    ]


def test_where_the_shadow_disagrees_is_found_and_then_sorted(filled, settings):
    """Few do, and walking along the order of all that is clear to find them takes for ever."""
    settings.NSFW_POLICY = {"review": 0.9}
    ShadowScore.objects.bulk_create(
        ShadowScore(
            scan=one, field=one.field, sha256=one.sha256, next_at=None, scored_at=one.created_at,
            detector="shadow@1", nsfw=one.nsfw if one.pk % 20 else 1 - one.nsfw,
            deciding_detector="decides@1", deciding_nsfw=one.nsfw,
        )
        for one in Scan.objects.order_by("pk")
    )  # fmt: skip
    analyse("django_nsfw_shadowscore")
    for sort in ("-age", "age", "-score", "score"):
        question = Question(shadow=True, statuses=("clear",), sort=sort)
        with CaptureQueriesContext(connection) as captured:
            assert len(pages.page(question, NOBODY).scans) > 10
        asked = [q["sql"] for q in captured if "clear" in q["sql"] and "IS NULL" not in q["sql"]]
        assert asked
        for sql in asked:
            assert not re.search("SCAN|nsfw_scan_queue", "\n".join(plan(sql))), sort


def reads_scans(sql):
    return "django_nsfw_scan" in sql and sql.lstrip("(").startswith(("SELECT", "UPDATE"))


def whole_tables_read_by(sql):
    """The lines of the plan that go through every scan."""
    whole = {
        "sqlite": r"SCAN (U0|django_nsfw_scan)",
        "postgresql": r".*Seq Scan on django_nsfw_scan",
        "mysql": r"(U0|django_nsfw_scan) ALL",
    }[connection.vendor]
    return [line for line in plan(sql) if re.match(whole, line)]


def index_of_scans(sql):
    """Along which index, and with which conditions on it, SQLite finds scans."""
    found = (
        re.match(r"SEARCH django_nsfw_scan .*?INDEX (.*)|.*USING INTEGER (PRIMARY.*)", line)
        for line in plan(sql)
    )
    return next(match[1] or match[2] for match in found if match)


def plan(sql):
    """In lines; of MariaDB the table, how it is read, and by which key."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}")
        columns = [column[0] for column in cursor.description]
        steps = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    if connection.vendor == "mysql":
        return [f"{step['table']} {step['type']} {step['key']}" for step in steps]
    return [step[columns[-1]] for step in steps]
