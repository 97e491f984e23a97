"""The grid and what it posts to: who may, what is shown, what is refused, and how much it costs."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from django_nsfw.decisions import approve, escalate
from django_nsfw.models import Claim, Decision, SavedQueue, Scan
from django_nsfw.queue.claims import claim
from tests.conftest import picture, upload
from tests.host.models import Photo
from tests.queue_pages.conftest import DECIDES, address, now

pytestmark = pytest.mark.django_db

BULK = (*DECIDES, "bulk_scan")
PHOTOS, ASSETS = "host.Photo.image", "host.Asset.file"
MARKUP = '"><img src=x onerror=alert(1)>\u202egpj.\x07exe'


def grid(client, query="") -> str:
    response = client.get(address("queue") + query)
    assert response.status_code == 200
    return response.content.decode()


def shown(html) -> list[int]:
    return [int(pk) for pk in re.findall(r'data-scan="(\d+)"', html)]


def tile(html, scan) -> str:
    """The text of one tile, on one line."""
    [body] = re.findall(rf'<li class="nsfw-tile" id="scan-{scan.pk}".*?</li>', html, re.DOTALL)
    bare = re.sub(r"<[^>]*\shidden(?=[\s>])[^>]*>[^<]*</\w+>|<[^>]+>", " ", body)
    return " ".join(unescape(bare).split())


def state(client, *scans):
    response = client.get(address("queue_state"), {"pk": [scan.pk for scan in scans]})
    assert response.status_code == 200
    return response.json()["scans"]


# --- Who may

ROLES = {
    "nobody": (None, (), 302, 302),
    "staff": ((), (), 403, 403),
    "who may decide but not see": (("approve_scan", "bulk_scan"), (), 403, 403),
    "who may see": (("view_scan",), (), 200, 200),
    "a moderator": (BULK, (), 200, 200),
    "a moderator of this field": (BULK, (PHOTOS,), 200, 200),
    "a moderator of another field": (BULK, (ASSETS,), 200, 200),
}


@pytest.mark.parametrize(("may", "fields", "page", "poll"), ROLES.values(), ids=ROLES)
def test_who_may_see_the_grid(client, person, held, may, fields, page, poll):
    if may is not None:
        client.force_login(person(*may, fields=fields))
    response = client.get(address("queue"))
    polled = client.get(address("queue_state"), {"pk": held[0].pk})
    assert (response.status_code, polled.status_code) == (page, poll)
    if page == 200:
        mine = ASSETS not in fields
        assert shown(response.content.decode()) == ([scan.pk for scan in held] if mine else [])
        assert list(polled.json()["scans"]) == ([str(held[0].pk)] if mine else [])


BUTTONS = {
    "who may see": (("view_scan",), set()),
    "who may reveal": (("view_scan", "reveal_scan"), {"reveal"}),
    "who may approve": (("view_scan", "approve_scan"), {"approve", "escalate"}),
    "who may reject": (("view_scan", "reject_scan"), {"reject", "escalate"}),
    "who may decide": (DECIDES, {"approve", "reject", "escalate"}),
    "who may decide in bulk": (BULK, {"approve", "reject", "escalate", "select"}),
}


@pytest.mark.parametrize(("may", "buttons"), BUTTONS.values(), ids=BUTTONS)
def test_what_a_person_may_not_do_has_no_button(client, person, held, may, buttons):
    client.force_login(person(*may))
    html = grid(client)
    assert set(re.findall(r'name="action" value="(\w+)"', html)) == buttons & {
        "approve", "reject", "escalate"
    }  # fmt: skip
    assert ('data-nsfw-do="select"' in html) == ("select" in buttons)
    assert ('name="picked"' in html) == ("select" in buttons)
    assert ('data-nsfw-do="reveal"' in html) == ("reveal" in buttons)
    assert ("data-reveal=" in html) == ("reveal" in buttons)


@pytest.mark.parametrize("name", ["queue_bulk", "queue_bulk_undo", "queue_saved"])
def test_what_changes_something_is_posted_with_the_token_of_the_page(person, held, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(*BULK))
    assert client.get(address(name)).status_code == 405
    assert client.post(address(name), {"do": "save", "name": "x"}).status_code == 403
    assert not SavedQueue.objects.exists()


@pytest.mark.parametrize("name", ["queue", "queue_state"])
def test_what_is_read_is_not_posted(client, mo, name):
    assert client.post(address(name)).status_code == 405


# --- What a tile says


def test_a_tile_says_why_it_waits_and_for_how_long(client, mo, held, constant):
    scan = held[0]
    Scan.objects.filter(pk=scan.pk).update(created_at=timezone.now() - timedelta(hours=3))
    said = tile(grid(client), scan)
    assert said == f"photo {scan.object_pk} score 0.80 score from 0.50 Photo.image robin · 3 hours"


def test_the_score_and_its_threshold_are_drawn_without_a_style(client, mo, held):
    html = grid(client)
    assert html.count('<rect class="nsfw-bar-score" width="80"') == 4
    assert html.count('<rect class="nsfw-bar-threshold" x="50"') == 4
    assert "style=" not in html
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=", html)


BADGES = {
    "escalated": ({"escalated_at": timezone.now()}, "⚑ escalated"),
    "animated": ({"frames": 12}, "▶ 12 frames"),
    "not scored": (
        {"nsfw": None, "error_code": "timeout", "verdict": "unknown"},
        "no score not scored in time",
    ),
    "without uploader": ({"uploader": None}, "Photo.image 0"),
    "a reason that nobody knows": ({"error_code": "odd"}, "0.80 odd"),
}


@pytest.mark.parametrize(("columns", "said"), BADGES.values(), ids=BADGES)
def test_what_stands_on_a_tile(client, mo, held, columns, said):
    columns = {"created_at": timezone.now() - timedelta(seconds=1)} | columns
    Scan.objects.filter(pk=held[1].pk).update(**columns)
    html = grid(client)
    if columns.get("uploader", "") is None:
        said = "Photo.image now"
    assert said in tile(html, held[1])
    if "escalated" in said or "▶" in said:
        assert said not in tile(html, held[0])


def test_the_same_bytes_are_counted_where_they_wait(client, mo, held):
    Scan.objects.filter(pk__in=[scan.pk for scan in held[:3]]).update(sha256="a" * 64)
    Scan.objects.filter(pk=held[2].pk).update(status="approved", quarantine_name="")
    html = grid(client)
    assert "2 × the same" in tile(html, held[0])
    assert "the same" not in tile(html, held[3])


def test_names_with_markup_and_control_characters_are_text(client, mo, held, robin):
    get_user_model().objects.filter(pk=robin.pk).update(username=MARKUP)
    Scan.objects.filter(pk=held[0].pk).update(original_name=MARKUP)
    claim(held[1], get_user_model().objects.get(pk=robin.pk))
    html = grid(client)
    assert "<img src=x" not in html
    assert "\u202e" not in html
    assert "\x07" not in html
    shown = '"><img src=x onerror=alert(1)>�gpj.�exe'
    assert f"{shown} · " in tile(html, held[0])
    assert f"{shown} has it open" in tile(html, held[1])


def test_what_somebody_else_has_open_says_so_while_the_claim_lasts(client, mo, held, person):
    kim = person(name="kim")
    claim(held[0], kim)
    claim(held[1], mo)
    claim(held[2], kim)
    Claim.objects.filter(pk=held[2].pk).update(until=timezone.now() - timedelta(seconds=1))
    html = grid(client)
    assert "kim has it open" in tile(html, held[0])
    assert "open" not in tile(html, held[1])
    assert "open" not in tile(html, held[2])


# --- Pages, filters, counts


def test_pages_are_walked_forth_and_back(client, mo, held, monkeypatch):
    monkeypatch.setattr("django_nsfw.admin.queue.grid.SIZE", 2)
    first = grid(client, "?sort=age")
    assert shown(first) == [held[3].pk, held[2].pk]
    [forth] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = grid(client, unescape(forth))
    assert shown(second) == [held[1].pk, held[0].pk]
    assert 'rel="next"' not in second
    [back] = re.findall(r'rel="prev" href="([^"]+)"', second)
    assert shown(grid(client, unescape(back))) == [held[3].pk, held[2].pk]


ASKED = {
    "score from": ("low=0.9", "score from: 0.9"),
    "score to": ("high=0.1", "score to: 0.1"),
    "field": (f"field={ASSETS}", "field: Asset.file"),
    "reason": ("reason=timeout", "reason: not scored in time"),
    "verdict": ("verdict=reject", "verdict: reject"),
    "status": ("status=rejected", "status: rejected"),
    "detector": ("detector=other", "detector: other"),
    "label": ("label=cat", "label: cat"),
    "least age": ("min_age=2", "hours old at least: 2"),
    "claimed by me": ("mine=1", "claimed by me"),
    "escalated": ("escalated=1", "escalated"),
}


@pytest.mark.parametrize(("query", "said"), ASKED.values(), ids=ASKED)
def test_a_filter_is_shown_with_a_link_that_takes_it_away(client, mo, held, query, said):
    html = grid(client, f"?{query}&sort=score")
    assert shown(html) == []
    assert "Nothing waits that these filters let through." in html
    assert f"<bdi>{said}</bdi>" in html
    assert re.findall(r'class="nsfw-chip" href="([^"]*)"', html) == ["?sort=score"]


def test_the_uploader_of_a_filter_is_named(client, mo, held, robin):
    html = grid(client, f"?uploader={robin.pk}")
    assert "<bdi>uploader: robin</bdi>" in html
    assert len(shown(html)) == 4


def test_the_panel_keeps_what_was_asked(client, mo, held):
    html = grid(client, "?low=0.25&max_age=48&verdict=review&sort=uncertainty&mine=0")
    assert 'name="low" min="0" max="1" step="any" value="0.25"' in html
    assert 'name="max_age" min="0" step="1" value="48"' in html
    assert 'name="verdict" value="review" checked' in html
    assert '<option value="uncertainty" selected>' in html
    assert "<details open" not in html


def test_what_makes_no_sense_is_left_out_and_said(client, mo, held):
    html = grid(client, "?low=high&sort=<b>")
    assert len(shown(html)) == 4
    assert "“high” was left out: it is no value for “low”." in html
    assert "<b>" not in html


def test_a_restricted_person_is_offered_their_fields_alone(client, person, held):
    client.force_login(person(*BULK, fields=[ASSETS]))
    html = grid(client)
    assert re.findall(r'name="field" value="([^"]+)"', html) == [ASSETS]
    assert "0 found" in html


def test_what_was_not_looked_at_is_not_said_to_be_missing(client, mo, held, monkeypatch):
    monkeypatch.setattr("django_nsfw.queue.matching.LOOKED_AT", 2)
    Scan.objects.filter(pk=held[3].pk).update(label="cat")
    html, pages = grid(client, "?label=cat"), 1
    assert "1+ found" in html
    while not shown(html):
        assert "Nothing was found in the part that was looked at, but there is more" in html
        assert "Nothing waits" not in html
        [further] = re.findall(r'href="([^"]+)">Search further', html)
        html, pages = grid(client, unescape(further)), pages + 1
    assert shown(html) == [held[3].pk]
    assert 1 < pages < 5
    html = grid(client, "?label=dog")
    while "Search further" in html:
        [further] = re.findall(r'href="([^"]+)">Search further', html)
        html = grid(client, unescape(further))
    assert "Nothing is left on this page." in html


def test_queues_that_are_not_counted_are_named(client, mo, person, monkeypatch):
    monkeypatch.setattr("django_nsfw.queue.counts.COUNTED", 1)
    monkeypatch.setattr("django_nsfw.queue.counts.LISTED", 2)
    assert "More queues" not in grid(client)
    kim = person(name="kim")
    for name in ("<b>a", "b", "c"):
        SavedQueue.objects.create(owner=kim, name=name, query=f"label={name}", shared=True)
    html = grid(client)
    assert len(re.findall(r'<span class="nsfw-count">', html)) == 1
    more = html[html.index("More queues") :].split("</details>")[0]
    assert "What these have is not counted: there are too many." in more
    assert "Others share more than are listed here." in more
    assert re.findall(r'href="([^"]+)"', more) == ["?label=b"]


def test_nothing_waits(client, mo):
    assert "Nothing waits. That is all for now." in grid(client)


@pytest.mark.parametrize("many", [2, 12], ids=["few", "many"])
def test_queries_do_not_grow_with_the_tiles(client, mo, constant, django_assert_num_queries, many):
    constant.answer = 0.8
    for seed in range(many):
        Photo.objects.create(image=upload(f"{seed}.jpg", picture(seed=seed)))
    for number in range(many):
        SavedQueue.objects.create(owner=mo, name=f"{number}", query="")
    grid(client)
    with django_assert_num_queries(GRID_QUERIES):
        assert len(shown(grid(client))) == many


GRID_QUERIES = 13


@pytest.mark.parametrize("many", [2, 4], ids=["few", "many"])
def test_queries_of_a_poll_do_not_grow(client, mo, held, django_assert_num_queries, many):
    for scan in held[:2]:
        approve(scan, moderator=mo)
    state(client, held[0])
    with django_assert_num_queries(POLL_QUERIES):
        state(client, *held[:many])


POLL_QUERIES = 7


# --- What others do meanwhile


def test_the_state_of_tiles(client, mo, held, person):
    kim = person(*DECIDES, name="kim")
    approve(held[0], moderator=kim)
    escalate(held[1], moderator=kim)
    claim(held[2], kim)
    told = state(client, *held)
    assert told == {
        str(held[0].pk): {
            "status": "approved", "version": now(held[0]).version, "waits": False,
            "escalated": False, "claimed": False, "said": "kim approved it.",
        },
        str(held[1].pk): {
            "status": "held", "version": now(held[1]).version, "waits": True,
            "escalated": True, "claimed": False, "said": "",
        },
        str(held[2].pk): {
            "status": "held", "version": "held.0", "waits": True,
            "escalated": False, "claimed": True, "said": "kim has it open",
        },
        str(held[3].pk): {
            "status": "held", "version": "held.0", "waits": True,
            "escalated": False, "claimed": False, "said": "",
        },
    }  # fmt: skip


@pytest.mark.parametrize("pk", ["", "-1", "1.5", "x", "٣", "9" * 30, "1 OR 1=1"])
def test_forged_ids_have_no_state(client, mo, held, pk):
    assert client.get(address("queue_state"), {"pk": pk}).status_code == 404


def test_ids_of_nothing_are_left_out(client, mo, held):
    assert client.get(address("queue_state"), {"pk": 10**18 - 1}).json() == {"scans": {}}
    assert client.get(address("queue_state"), {"pk": range(1, 102)}).status_code == 404


# --- Undo, and the way in


def test_the_last_decision_can_be_undone_from_the_grid(client, mo, held):
    assert 'data-nsfw-key="z" data-nsfw-says="Undo my last decision" disabled' in grid(client)
    decision = approve(held[0], moderator=mo)
    html = grid(client)
    assert f'action="{address("queue_undo", decision.pk)}"' in html
    assert f"approve #{held[0].pk}" in html
    client.post(address("queue_undo", decision.pk))
    assert Decision.objects.get(pk=decision.pk).undone is not None


def test_the_queue_is_one_click_from_the_index_and_from_the_archive(client, mo):
    queue = address("queue")
    index = client.get("/admin/").content.decode()
    [link] = re.findall(r'<a href="([^"]+)"[^>]*>Review queue</a>', index)
    assert client.get(link, follow=True).redirect_chain == [(queue, 302)]
    archive = client.get(address("scan_changelist")).content.decode()
    assert f'href="{queue}"' in archive
