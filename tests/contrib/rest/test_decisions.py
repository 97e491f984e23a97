"""The API over the log of decisions."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from django_nsfw.contrib.rest_framework import log
from django_nsfw.models import Decision
from tests.queue.conftest import START, row
from tests.queue.doors import ASSET, PHOTO

pytestmark = pytest.mark.django_db

DECISIONS = reverse("nsfw:decision-list")
BATCH = uuid.uuid4()


def hour(number) -> str:
    return f"{START + timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}"


def decision(number, scan, **options) -> Decision:
    """An hour younger than the one before; an approval, unless it says more."""
    facts = {
        "action": "approve",
        "from_status": "held",
        "to_status": "approved",
        "sha256": scan.sha256,
        "note": str(number),
        "created_at": START + timedelta(hours=number),
    } | options
    return Decision.objects.create(scan=scan, **facts)


def notes(answer) -> str:
    assert answer.status_code == 200, answer.content
    return " ".join(one["note"] for one in answer.json()["results"])


@pytest.fixture
def mo(api, person):
    mo = person("view_decision")
    api.force_login(mo)
    return mo


@pytest.fixture
def eight(mo):
    """The last one undoes the first."""
    photo, asset = row(1, field=PHOTO), row(2, field=ASSET)
    made = [
        decision(
            number,
            asset if number % 3 == 0 else photo,
            action="reject" if number == 2 else "approve",
            moderator=mo if number in (4, 5) else None,
            batch=BATCH if number in (1, 2) else None,
        )
        for number in range(7)
    ]
    return [*made, decision(7, asset, action="undo", undoes=made[0])]


FOUND = {
    "": "7 6 5 4 3 2 1 0",
    "action=reject": "2",
    "action=reject&action=undo": "7 2",
    f"field={ASSET}": "7 6 3 0",
    f"batch={BATCH}": "2 1",
    f"batch={uuid.UUID(int=0)}": "",
    f"sha256={2:064x}": "7 6 3 0",
    f"since={hour(6)}": "7 6",
    f"since={hour(2)}&until={hour(4)}": "4 3 2",
    f"field={PHOTO}&until={hour(3)}&size=1": "2",
}


@pytest.mark.parametrize(("query", "expected"), FOUND.items(), ids=FOUND)
def test_what_is_asked_for_is_found(api, eight, query, expected):
    assert notes(api.get(f"{DECISIONS}?{query}")) == expected


def test_scans_and_people_are_named_by_key(api, eight, mo):
    assert notes(api.get(DECISIONS, {"scan": eight[1].scan_id})) == "5 4 2 1"
    assert notes(api.get(DECISIONS, {"moderator": mo.pk})) == "5 4"


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("action=lost", "action"),
        ("scan=x", "scan"),
        ("scan=99999999999999999999", "scan"),
        ("sha256=abc", "sha256"),
        ("batch=1", "batch"),
        ("moderator=me", "moderator"),
        ("after=x", "after"),
        (f"since={hour(2)}&until={hour(1)}", "until"),
    ],
)
def test_what_makes_no_sense_is_an_error_at_its_key(api, mo, query, key):
    answer = api.get(f"{DECISIONS}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [key])


def test_what_is_said_of_one(api, eight):
    first, last = eight[0], eight[-1]
    assert api.get(f"{DECISIONS}{first.pk}/").json() == {
        "id": first.pk,
        "scan": first.scan_id,
        "field": ASSET,
        "action": "approve",
        "from_status": "held",
        "to_status": "approved",
        "sha256": f"{2:064x}",
        "moderator": None,
        "moderator_name": "",
        "note": "0",
        "inherited_from": None,
        "undoes": None,
        "undone_by": last.pk,
        "batch": None,
        "created_at": "2026-01-01T00:00:00Z",
    }
    assert api.get(f"{DECISIONS}{last.pk}/").json()["undoes"] == first.pk


@pytest.mark.parametrize("size", [1, 3, 8])
def test_the_links_lead_to_the_end(api, eight, size):
    answer = api.get(DECISIONS, {"size": size})
    found = [notes(answer)]
    while address := answer.json()["next"]:
        answer = api.get(address)
        found.append(notes(answer))
    assert " ".join(found) == "7 6 5 4 3 2 1 0"
    assert answer.json()["previous"] is None


def test_what_was_decided_at_the_same_moment_is_found_once(api, mo):
    scan = row(1)
    for number in range(5):
        decision(number, scan, created_at=START)
    answer = api.get(DECISIONS, {"size": 2})
    found = [notes(answer)]
    while address := answer.json()["next"]:
        answer = api.get(address)
        found.append(notes(answer))
    assert found == ["4 3", "2 1", "0"]


def test_what_no_index_serves_is_looked_for_by_the_piece(api, eight, monkeypatch):
    monkeypatch.setattr(log, "LOOKED_AT", 3)
    pages, answer = [], api.get(DECISIONS, {"action": "reject"})
    while True:
        pages.append(notes(answer))
        if not (address := answer.json()["next"]):
            break
        answer = api.get(address)
    assert pages == ["", "2", ""]
    assert notes(api.get(DECISIONS, {"batch": BATCH})) == "2 1"


def test_a_page_takes_two_queries_besides_who_asks(api, eight, django_assert_num_queries):
    who = 5  # session, user, two for permissions, one for the fields
    with django_assert_num_queries(2 + who):
        api.get(DECISIONS)
    with django_assert_num_queries(1 + who):
        api.get(DECISIONS, {"scan": eight[0].scan_id})
