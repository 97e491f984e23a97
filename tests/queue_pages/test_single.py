"""The page of one item: who may open it, what it shows, what it claims."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone, translation

from django_nsfw.decisions import approve, escalate, reject
from django_nsfw.models import Claim, Decision, KnownImage, Reveal, ReviewPreference, Scan
from django_nsfw.queue.asking import SORTS
from django_nsfw.queue.claims import claim
from tests.conftest import photograph, picture, upload
from tests.host.models import Album, Photo
from tests.queue_pages.conftest import DECIDES, address, now, part

pytestmark = pytest.mark.django_db

PHOTOS, ASSETS = "host.Photo.image", "host.Asset.file"


def item(scan, **asked):
    return address("queue_item", scan.pk, **asked)


def shown(client, scan, **asked):
    response = client.get(item(scan, **asked))
    assert response.status_code == 200
    return response.content.decode()


def buttons(html) -> set[str]:
    return set(re.findall(r'data-nsfw-key="([^"]+)"', html))


MOVES = {"s", "w", "g", "b", "m", "k ArrowLeft", "j ArrowRight", "?"}

ROLES = {
    "nobody": (None, (), 302, set()),
    "staff": ((), (), 403, set()),
    "who may reveal alone": (("reveal_scan",), (), 403, set()),
    "who may decide alone": (("approve_scan", "reject_scan"), (), 403, set()),
    "who may see": (("view_scan",), (), 200, MOVES),
    "who may approve": (("view_scan", "approve_scan"), (), 200, MOVES | {"a", "e", "n", "z"}),
    "who may reject": (("view_scan", "reject_scan"), (), 200, MOVES | {"r", "e", "n", "z"}),
    "who may reveal": (("view_scan", "reveal_scan"), (), 200, MOVES | {"Space", "c"}),
    "who may undo": (("view_scan", "undo_decision"), (), 200, MOVES | {"z"}),
    "a moderator": (DECIDES, (), 200, MOVES | {"a", "r", "e", "n", "z"}),
    "a moderator of this field": (DECIDES, (PHOTOS,), 200, MOVES | {"a", "r", "e", "n", "z"}),
    "a moderator of another field": (DECIDES, (ASSETS,), 404, set()),
}


@pytest.mark.parametrize(("may", "fields", "status", "keys"), ROLES.values(), ids=ROLES)
def test_who_finds_which_buttons(client, person, held, may, fields, status, keys):
    if may is not None:
        client.force_login(person(*may, fields=fields))
    response = client.get(item(held[1]))
    assert response.status_code == status
    if status == 200:
        assert buttons(response.content.decode()) == keys


@pytest.mark.parametrize("pk", ["0", "999999", "9" * 30])
def test_ids_of_no_item(client, mo, held, pk):
    for view in ("", "decide/", "claim/", "explain/"):
        url = f"/admin/django_nsfw/scan/queue/{pk}/{view}"
        call = client.post if view else client.get
        assert call(url).status_code == 404
    assert not Claim.objects.exists()


def test_the_page_only_answers_who_reads(client, mo, held):
    assert client.post(item(held[0])).status_code == 405
    assert client.head(item(held[0])).status_code == 200
    assert not Claim.objects.exists()


def test_opening_claims_and_a_part_that_comes_ahead_does_not(client, mo, held):
    ahead = client.get(item(held[1]), headers={"NSFW-Part": "item"})
    assert ahead.headers["NSFW-Part"] == "item"
    html = ahead.content.decode()
    assert html.lstrip().startswith("<article")
    assert "<html" not in html
    assert not Claim.objects.exists()
    assert 'data-mine="1"' in shown(client, held[0])
    claim = Claim.objects.get()
    assert (claim.scan, claim.user_name) == (held[0], "mo")


@pytest.mark.parametrize(
    ("may", "claims"),
    [
        (("view_scan",), False),
        (("view_scan", "reveal_scan", "undo_decision", "bulk_scan"), False),
        (("view_scan", "approve_scan"), True),
        (("view_scan", "reject_scan"), True),
    ],
    ids=["who may see", "who may do all but decide", "who may approve", "who may reject"],
)
def test_who_may_decide_claims_and_who_merely_looks_does_not(client, mo, person, held, may, claims):
    client.force_login(person(*may, name="ann"))
    html = shown(client, held[0])
    assert ('data-mine="1"' in html) == claims
    told = client.post(address("queue_claim", held[0].pk)).json()
    assert (told["claimed"], told["by"], told["said"]) == (claims, "", "")
    assert Claim.objects.exists() == claims
    client.force_login(mo)
    assert bool(part(shown(client, held[0]), "stopped")) == claims


def test_what_is_settled_is_claimed_by_nobody(client, mo, held):
    approve(held[0], moderator=None)
    assert 'data-mine=""' in shown(client, held[0])
    assert not Claim.objects.exists()


def test_what_somebody_else_has_open_names_them_and_the_way_on(client, mo, person, held):
    ann = person(name="ann")
    until = timezone.now() + timedelta(minutes=3)
    Claim.objects.create(scan=held[0], user=ann, user_name="ann", until=until)
    html = shown(client, held[0])
    assert part(html, "stopped").startswith("ann has it open, until ")
    assert f'href="{item(held[1])}" data-nsfw-go>Go on with the next' in html
    assert re.search(r'value="approve"[^>]*\sdisabled>', html)
    assert Claim.objects.get().user == ann
    anyway = shown(client, held[0], anyway=1)
    assert not re.search(r'value="approve"[^>]*\sdisabled>', anyway)
    Claim.objects.update(until=timezone.now())
    assert part(shown(client, held[0]), "stopped") == ""
    assert Claim.objects.get().user == mo


def test_next_and_previous_keep_to_the_question_and_to_what_is_free(client, mo, person, held):
    until = timezone.now() + timedelta(minutes=3)
    Claim.objects.create(scan=held[1], user=person(name="ann"), user_name="ann", until=until)

    def beside(scan, **asked):
        html = shown(client, scan, **asked)
        links = dict(re.findall(r'href="([^"]+)" data-nsfw-go[^>]* rel="(\w+)"', html))
        found = {rel: url for url, rel in links.items()}
        return found.get("prev"), found.get("next")

    assert beside(held[0]) == (None, item(held[2]))
    assert beside(held[2]) == (item(held[1]), item(held[3]))
    assert beside(held[3]) == (item(held[2]), item(held[0]))  # after the last one the first
    assert beside(held[3], sort="age") == (None, item(held[2], sort="age"))


def test_the_worst_crop_and_every_other_one_are_listed(client, mo, held):
    html = shown(client, held[0])
    rows = re.findall(r"<tr[^>]*>(<td>.*?)</tr>", html)
    assert len(rows) == len(held[0].crops)
    assert sum("worst" in row for row in rows) == 1
    assert "0.8000" in html


def test_scores_and_grounds_are_in_the_language_of_the_reader(client, mo, held):
    with translation.override("de"):
        html = shown(client, held[0])
    assert "<b>0,80</b>" in html
    assert "<b>Score ab 0,50</b>" in html
    assert '<meter class="nsfw-score" min="0" max="1" value="0.8000">0,80</meter>' in html
    assert re.search(r"<td>deckend</td>.*<td>0,8000</td>", html)


def test_history_names_who_decided_and_who_looked(client, mo, held):
    escalate(held[0], moderator=mo, note="<b>who is that?</b>")
    reject(now(held[0]), moderator=mo)
    Reveal.record(held[0], mo)
    html = shown(client, held[0])
    assert "escalate: held, awaiting review → held, awaiting review" in html
    assert "reject: held, awaiting review → rejected" in html
    assert "&lt;b&gt;who is that?&lt;/b&gt;" in html
    assert re.search(r"Who looked</h3>\s*<ul><li>mo, ", html)
    second = Decision.objects.latest("pk")
    forms = re.findall(r'action="([^"]+)" method="post" data-nsfw-undo>', html)
    assert forms == [address("queue_undo", second.pk)]  # later ones first


LOG = {
    "who may see decisions": (("view_decision",), 2, False),
    "who may see looks": (("view_reveal",), 1, True),
    "who may see neither": ((), 1, False),
}


@pytest.mark.parametrize(("may", "decisions", "looks"), LOG.values(), ids=LOG)
def test_who_sees_what_others_did(client, person, held, may, decisions, looks):
    mo = person("view_scan", "approve_scan", *may)
    ann = person(name="ann")
    escalate(held[0], moderator=ann)
    approve(now(held[0]), moderator=mo)
    Reveal.record(held[0], ann)
    client.force_login(mo)
    html = shown(client, held[0])
    assert re.findall(r"<td>(mo|ann)</td>", html) == ["mo", "ann"][:decisions]
    assert ("Who looked" in html) == looks


def test_the_record_of_the_uploader_and_what_else_of_theirs_waits(client, mo, held):
    reject(held[3], moderator=None)
    approve(held[2], moderator=None)
    html = shown(client, held[0])
    panel = html[html.index('id="nsfw-uploader"') :].split("</section>")[0]
    assert re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", panel) == [
        ("waiting, this one too", "2"),
        ("approved", "1"),
        ("rejected", "1"),
    ]
    theirs = address("queue", uploader=held[0].uploader_id)
    assert re.findall(r'<a href="([^"]+)"', panel) == [item(held[1]), theirs]
    assert address("scan_blurred", held[1].pk) in panel


@pytest.mark.parametrize(
    ("more", "badge", "said", "all"),
    [
        (0, "3", False, "4"),
        (21, "24", False, "25"),
        (23, "26", True, "27"),
        (1000, "1,000+", True, "1,000+"),
    ],
    ids=["a few", "all", "more", "many"],
)
def test_as_many_of_the_uploader_are_counted_as_wait(client, mo, held, more, badge, said, all):
    columns = {field.attname for field in Scan._meta.concrete_fields} - {"id", "object_pk", "token"}
    same = {name: getattr(held[0], name) for name in columns}
    Scan.objects.bulk_create(Scan(**same, object_pk=f"x{number}") for number in range(more))
    html = shown(client, held[0], sort="age")
    [found] = re.findall(r'aria-controls="nsfw-uploader">\w+ <span [^>]+>([^<]+)</span>', html)
    assert found == badge
    panel = html[html.index('id="nsfw-uploader"') :].split("</section>")[0]
    assert (f"The 24 oldest of {badge}." in panel) == said
    theirs = re.search(r'<a href="([^"]+)">Everything of theirs that waits</a>', panel)[1]
    assert theirs == address("queue", uploader=held[0].uploader_id)
    assert f"{all} found" in client.get(theirs).content.decode()


def test_the_same_bytes_are_linked_with_what_became_of_them(client, mo, held, robin):
    album = Album.objects.create(owner=robin)
    reject(held[0], moderator=mo)
    again = Photo.objects.create(image=upload("again.png", photograph()), album=album)
    scan = Scan.objects.get(object_pk=str(again.pk))
    html = shown(client, scan)
    panel = html[html.index('id="nsfw-similar"') :].split("</section>")[0]
    assert f'href="{item(held[0])}"' in panel
    assert re.search(r"the same bytes<br>rejected", panel)


def test_an_item_of_another_field_is_nowhere_for_who_does_not_moderate_it(
    client, person, held, constant
):
    """Neither as next, nor beside the uploader, nor as a twin."""
    Scan.objects.filter(pk=held[1].pk).update(field=ASSETS, sha256=held[0].sha256)
    client.force_login(person(*DECIDES, fields=[PHOTOS]))
    html = shown(client, held[0])
    assert item(held[1]) not in html
    assert client.get(item(held[1])).status_code == 404


def test_markup_of_uploaders_is_text(client, mo, held):
    evil = '"><script>alert(1)</script>\x07\u202egpj.exe'
    get_user_model().objects.filter(username="robin").update(username="<img src=x>")
    Scan.objects.update(original_name=evil, error_message=evil, error_code="timeout")
    Claim.objects.create(
        scan=held[0],
        user=get_user_model().objects.create(username="ann"),
        user_name=evil,
        until=timezone.now() + timedelta(minutes=1),
    )
    html = shown(client, held[0])
    assert "<script>alert" not in html
    assert "<img src=x>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert not set("\x07\u202e") & set(html)


def test_nothing_is_inline(client, mo, held):
    html = shown(client, held[0])
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)


def test_a_missing_file_can_still_be_rejected(client, mo, held, storages):
    (storages / "quarantine" / held[0].quarantine_name).unlink()
    html = shown(client, held[0])
    assert re.search(r'value="reject"[^>]*aria-keyshortcuts="r"\s*>', html)
    assert client.get(address("scan_blurred", held[0].pk)).status_code == 404
    data = {"action": "reject", "version": now(held[0]).version}
    response = client.post(address("queue_decide", held[0].pk), data)
    assert (response.status_code, now(held[0]).status) == (302, "rejected")


def test_how_often_somebody_looked_today_and_when_to_rest(client, mo, held, settings):
    settings.NSFW_REVIEW = {"reveals_a_day": 1}
    for seen, tired in ((0, False), (1, False), (2, True)):
        html = shown(client, held[0])
        assert part(html, "seen") == str(seen)
        assert (re.search(r"data-nsfw-rest hidden", html) is None) == tired
        Reveal.record(held[0], mo)


QUERIES = 20
"""Five of them ask who it is and what they may."""


@pytest.fixture
def crowded(held, mo, person):
    """An item about which there is something in every tab, and one of each sort around it."""
    ann = person(*DECIDES, name="ann")
    reject(held[3], moderator=ann)
    known = KnownImage.objects.earliest("pk")
    hashed = {"pdq": "5a" * 32, "pdq_quality": 90}
    Scan.objects.update(known=known, known_distance=2, **hashed)
    Scan.objects.filter(pk=held[2].pk).update(status="flagged", quarantine_name="")
    Decision.objects.bulk_create(
        Decision(scan=held[1], action="escalate", from_status="held", to_status="held")
        for _ in range(3)
    )
    for _ in range(2):
        Reveal.record(held[1], ann)
    escalate(held[0], moderator=mo)
    ReviewPreference.objects.create(user=mo, blur=2, greyscale=True, muted=True)
    return held[1]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("claimed", [False, True], ids=["new", "claimed before"])
def test_the_page_takes_few_queries_whatever_is_on_it(
    client, mo, crowded, django_assert_max_num_queries, sort, claimed
):
    if claimed:
        claim(crowded, mo)
    with django_assert_max_num_queries(QUERIES):
        html = shown(client, crowded, sort=sort)
    assert 'data-mine="1"' in html
    panel = html[html.index('id="nsfw-similar"') :].split("</section>")[0]
    assert panel.count("distance 0") == 3
    assert html.count("ann, ") == 2


def test_the_page_of_the_last_item_takes_no_more(
    client, mo, crowded, django_assert_max_num_queries
):
    Scan.objects.exclude(pk=crowded.pk).update(status="superseded")
    for sort in SORTS:
        Claim.objects.all().delete()
        with django_assert_max_num_queries(QUERIES):
            shown(client, crowded, sort=sort)


def test_where_the_next_was_not_found_yet_the_queue_looks_further(client, mo, held, monkeypatch):
    """Neither is it said to be missing, nor does a decision end there."""
    monkeypatch.setattr("django_nsfw.queue.matching.LOOKED_AT", 2)
    for seed in range(8, 14):
        Photo.objects.create(image=upload(f"{seed}.jpg", picture(seed=seed)))
    last = Scan.objects.latest("pk")
    Scan.objects.filter(pk__in=[held[0].pk, last.pk]).update(label="cat")
    html = shown(client, held[0], label="cat")
    [further] = re.findall(r'href="([^"]+)" +rel="next"', html)
    assert further.startswith(address("queue", label="cat") + "&amp;after=")
    data = {"action": "approve", "version": now(held[0]).version}
    json = {"Accept": "application/json"}
    response = client.post(address("queue_decide", held[0].pk, label="cat"), data, headers=json)
    assert response.json()["next"] == further.replace("&amp;", "&")


CHOICES = {
    "blur": ({"blur": "3"}, 3, True, True),
    "colours": ({"greyscale": "off"}, 2, False, True),
    "motion": ({"muted": "off"}, 2, True, False),
    "all of them": ({"blur": "1", "greyscale": "off", "muted": "off"}, 1, False, False),
    "none": ({}, 2, True, True),
}


@pytest.mark.parametrize(("asked", "blur", "greyscale", "muted"), CHOICES.values(), ids=CHOICES)
def test_preferences_are_remembered(client, mo, asked, blur, greyscale, muted):
    json = {"Accept": "application/json"}
    response = client.post(address("queue_preferences"), asked, headers=json)
    stronger = {1: 2, 2: 3, 3: 1}[blur]
    expected = {"blur": blur, "greyscale": greyscale, "muted": muted}
    assert response.json() == {**expected, "stronger": stronger}
    likes = ReviewPreference.objects.get(pk=mo.pk)
    assert {name: getattr(likes, name) for name in expected} == expected


def test_a_preference_that_is_not_asked_for_stays(client, mo):
    for asked in ({"muted": "off"}, {"greyscale": "off"}, {"blur": "3"}, {"greyscale": "on"}):
        client.post(address("queue_preferences"), asked)
    assert str(ReviewPreference.of(mo)) == "blur: strongest, without colours"
    client.post(address("queue_preferences"), {"muted": "on"})
    assert (
        str(ReviewPreference.of(mo)) == "blur: strongest, without colours, animations stand still"
    )


WRONG = [{"blur": "0"}, {"blur": "x"}, {"greyscale": "maybe"}, {"muted": "1"}]


@pytest.mark.parametrize("asked", WRONG, ids=str)
def test_no_preference_that_is_none(client, mo, asked):
    assert client.post(address("queue_preferences"), asked).status_code == 400
    assert not ReviewPreference.objects.exists()


def test_without_the_script_preferences_lead_back(client, mo, held):
    def back(next):
        asked = {"greyscale": "off", "next": next}
        return client.post(address("queue_preferences"), asked).headers["Location"]

    assert back(item(held[0])) == item(held[0])
    assert back("//evil.example") == address("queue")
