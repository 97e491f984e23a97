"""Deciding about many, with a page before and a page after; and questions with a name."""

import re
import uuid
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client

from django_nsfw.decisions import approve, reject, undo_batch
from django_nsfw.models import Claim, Decision, SavedQueue, Scan
from django_nsfw.queue.claims import claim
from tests.host.models import Photo
from tests.queue_pages.conftest import DECIDES, address, now

pytestmark = pytest.mark.django_db

BULK = (*DECIDES, "bulk_scan")
PHOTOS, ASSETS = "host.Photo.image", "host.Asset.file"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def mo(client, person):
    mo = person(*BULK)
    client.force_login(mo)
    return mo


def picked(*scans) -> list[str]:
    return [f"{scan.pk}:{now(scan).version}" for scan in scans]


def post(client, *scans, action="approve", confirmed=True, **data):
    data = {"action": action, "picked": picked(*scans), **data}
    if confirmed:
        data["confirmed"] = "1"
    return client.post(address("queue_bulk"), data)


def text(response) -> str:
    body = response.content.decode().partition('<div class="nsfw-sheet">')[2]
    return " ".join(unescape(re.sub("<[^>]+>", " ", body)).split())


def statuses(scans) -> list[str]:
    return [now(scan).status for scan in scans]


# --- Who may

ROLES = {
    "nobody": (None, (), 302, 302, 302),
    "staff": ((), (), 403, 403, 403),
    "who may see": (("view_scan",), (), 403, 403, 403),
    "who may decide one at a time": (DECIDES, (), 403, 403, 403),
    "who may bulk but not see": (("bulk_scan", "approve_scan"), (), 403, 403, 403),
    "who may bulk but not decide": (("view_scan", "bulk_scan"), (), 403, 403, 403),
    "who may approve in bulk": (("view_scan", "bulk_scan", "approve_scan"), (), 200, 403, 200),
    "who may reject in bulk": (("view_scan", "bulk_scan", "reject_scan"), (), 403, 200, 200),
    "a moderator": (BULK, (), 200, 200, 200),
    "a moderator of this field": (BULK, (PHOTOS,), 200, 200, 200),
    "a moderator of another field": (BULK, (ASSETS,), 404, 404, 404),
}


@pytest.mark.parametrize(
    ("may", "fields", "approves", "rejects", "escalates"), ROLES.values(), ids=ROLES
)
def test_who_may_decide_in_bulk(client, person, held, may, fields, approves, rejects, escalates):
    if may is not None:
        client.force_login(person(*may, fields=fields))
    for scan, action, status in zip(
        held, ("approve", "reject", "escalate"), (approves, rejects, escalates), strict=False
    ):
        asked = post(client, scan, action=action, confirmed=False)
        assert (asked.status_code, Decision.objects.filter(scan=scan).count()) == (status, 0)
        done = post(client, scan, action=action)
        assert done.status_code == (302 if status == 200 else status)
        assert Decision.objects.filter(scan=scan).count() == (status == 200)


FORGED = {
    "no scan": ("999999:held.0", 404),
    "no version": ("{pk}", 404),
    "an empty version": ("{pk}:", 404),
    "no number": ("x:held.0", 404),
    "a number of another script": ("٣:held.0", 404),
    "a number below zero": ("-1:held.0", 404),
    "a number that no database has": ("9" * 30 + ":held.0", 404),
    "words of a database": ("1 OR 1=1:held.0", 404),
    "nothing": ("", 404),
}


@pytest.mark.parametrize(("one", "status"), FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "1"}], ids=["asked", "confirmed"])
def test_forged_ids(client, mo, held, one, status, confirmed):
    """Together with a good one, which is not decided either."""
    data = {"action": "approve", "picked": [*picked(held[0]), one.format(pk=held[1].pk)]}
    assert client.post(address("queue_bulk"), {**data, **confirmed}).status_code == status
    assert not Decision.objects.exists()


def test_one_scan_of_a_field_that_is_not_theirs_stops_the_whole(client, person, held):
    client.force_login(person(*BULK, fields=[PHOTOS]))
    Scan.objects.filter(pk=held[1].pk).update(field=ASSETS)
    assert post(client, *held).status_code == 404
    assert not Decision.objects.exists()


@pytest.mark.parametrize("action", ["", "undo", "delete", "__class__"])
def test_actions_that_are_none(client, mo, held, action):
    assert post(client, held[0], action=action).status_code == 400
    assert not Decision.objects.exists()


@pytest.mark.parametrize("many", [101, 3000], ids=["a page", "what Django counts"])
@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "1"}], ids=["asked", "confirmed"])
def test_more_than_can_be_decided_at_a_time(client, mo, held, many, confirmed):
    some = [f"{pk}:held.0" for pk in range(held[0].pk, held[0].pk + many)]
    data = {"action": "approve", "picked": some, **confirmed}
    response = client.post(address("queue_bulk"), urlencode(data, doseq=True), FORM, follow=True)
    assert response.redirect_chain == [(address("queue"), 302)]
    said = "At most 100 can be decided at a time. Nothing was decided."
    assert [str(message) for message in response.context["messages"]] == [said]
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("fields", "most"), [(1000, 100), (None, 100), (50, 44), (3, 1)], ids=str)
def test_the_page_knows_how_many_a_site_takes(client, mo, held, settings, fields, most):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = fields
    assert f'data-most="{most}"' in client.get(address("queue")).content.decode()


def test_as_many_as_the_page_says_can_be_posted(mo, held, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 8
    client = Client(enforce_csrf_checks=True)
    client.force_login(mo)
    html = client.get(address("queue")).content.decode()
    most = int(re.search(r'data-most="(\d+)"', html)[1])
    data = {
        "csrfmiddlewaretoken": re.search(r'csrfmiddlewaretoken" value="(\w+)"', html)[1],
        "action": "approve", "next": "", "confirmed": "1", "claimed": "1", "note": "all",
        "picked": picked(*held)[:most],
    }  # fmt: skip
    assert client.post(address("queue_bulk"), urlencode(data, doseq=True), FORM).status_code == 302
    assert [scan.status for scan in map(now, held)].count("approved") == most == 2
    del data["csrfmiddlewaretoken"]
    assert client.post(address("queue_bulk"), urlencode(data, doseq=True), FORM).status_code == 403


def test_nothing_was_selected(client, mo):
    response = client.post(address("queue_bulk"), {"action": "approve"}, follow=True)
    assert response.redirect_chain == [(address("queue"), 302)]
    assert "Nothing was selected." in response.content.decode()


# --- Before


def test_the_page_before_counts(client, mo, held, person):
    kim = person(*BULK, name="kim")
    Scan.objects.filter(pk=held[0].pk).update(verdict="unknown")
    claim(held[1], kim)
    before = picked(*held)
    reject(held[2], moderator=kim)
    response = client.post(address("queue_bulk"), {"action": "approve", "picked": before})
    assert not Decision.objects.filter(moderator=mo).exists()
    said = text(response)
    assert said.startswith(
        "4 pictures are selected. By field Photo.image 4 By verdict review 3 unknown 1 "
        "1 changed since you looked, and will be refused "
        f"#{held[2].pk} photo {held[2].object_pk} – kim rejected it. "
        f"Somebody else has 1 of them open #{held[1].pk} photo {held[1].object_pk} – kim "
        "Decide about these as well. Otherwise they are left to who has them open. "
        "Note, kept with each decision Approve: let people see them (4)"
    )
    assert re.findall(r'name="picked" value="([^"]+)"', response.content.decode()) == before


# --- Deciding


def test_each_is_decided_with_the_note_and_a_batch_in_common(client, mo, held):
    response = post(client, *held[:3], action="reject", note="  spam\x00 ")
    made = Decision.objects.order_by("pk")
    assert statuses(held) == ["rejected"] * 3 + ["held"]
    assert {(d.action, d.moderator_id, d.note) for d in made} == {("reject", mo.pk, "spam")}
    [batch] = {decision.batch for decision in made}
    assert response.headers["Location"] == address("queue_batch", batch)
    said = text(client.get(response.headers["Location"]))
    assert said.startswith(
        "3 were decided. Back to the queue z Undo all of it By field Photo.image"
    )


def test_what_changed_since_is_refused_and_named(client, mo, held, person):
    kim = person(*BULK, name="kim")
    before = picked(*held[:3])
    approve(held[1], moderator=kim)
    data = {"action": "reject", "picked": before, "confirmed": "1"}
    response = client.post(address("queue_bulk"), data, follow=True)
    assert statuses(held) == ["rejected", "approved", "rejected", "held"]
    refusal = (
        f"Refused #{held[1].pk} photo {held[1].object_pk} – It changed since you looked. "
        "kim approved it. It is “approved” now."
    )
    assert text(response).startswith("2 were decided. 1 was refused. Back to the queue")
    assert refusal in text(response)
    again = client.get(response.redirect_chain[-1][0])
    assert refusal in text(again)


def test_a_replayed_post_decides_nothing(client, mo, held):
    before = {"action": "approve", "picked": picked(*held), "confirmed": "1"}
    client.post(address("queue_bulk"), before)
    response = client.post(address("queue_bulk"), before, follow=True)
    assert Decision.objects.count() == 4
    assert text(response).startswith("0 were decided. 4 were refused. Back to the queue Refused")
    assert text(response).count("It changed since you looked. mo approved it.") == 4


@pytest.mark.parametrize("too", [False, True], ids=["left to them", "decided as well"])
def test_what_somebody_else_has_open(client, mo, held, person, too):
    claim(held[0], person(*BULK, name="kim"))
    claim(held[1], mo)
    response = post(client, *held[:2], **({"claimed": "1"} if too else {}))
    assert statuses(held[:2]) == ["approved" if too else "held", "approved"]
    said = text(client.get(response.headers["Location"]))
    assert (f"#{held[0].pk} photo {held[0].object_pk} – kim has it open" in said) is not too
    assert Claim.objects.count() == (not too)


def test_what_is_escalated_is_claimed_no_more(client, mo, held):
    claim(held[0], mo)
    post(client, *held[:2], action="escalate")
    assert Scan.objects.escalated().count() == 2
    assert not Claim.objects.exists()


def test_one_that_fails_does_not_keep_the_others(client, mo, held, storages):
    [file] = [
        path for path in (storages / "quarantine").rglob("*")
        if path.is_file() and path.name in now(held[0]).quarantine_name
    ]  # fmt: skip
    file.unlink()
    response = post(client, *held[:2])
    assert statuses(held[:2]) == ["held", "approved"]
    said = text(client.get(response.headers["Location"]))
    assert f"#{held[0].pk} photo {held[0].object_pk} – " in said


def test_markup_of_names_is_text(client, mo, held, monkeypatch):
    monkeypatch.setattr(Photo._meta, "verbose_name", "<b>\u202ephoto")
    html = post(client, *held[:2], confirmed=False).content.decode()
    response = post(client, *held[:2])
    html += client.get(response.headers["Location"]).content.decode()
    assert "<b>" not in html
    assert "\u202e" not in html


# --- After


def test_a_batch_is_undone_by_one_button(client, mo, held):
    where = post(client, *held, action="reject").headers["Location"]
    batch = Decision.objects.first().batch
    response = client.post(address("queue_bulk_undo"), {"batch": batch}, follow=True)
    assert response.redirect_chain == [(where, 302)]
    assert "4 decisions were undone." in response.content.decode()
    assert statuses(held) == ["held"] * 4
    assert text(response).startswith("4 were decided. 4 of them were undone since. Back to the")
    assert "Undo all of it" not in text(response)


def test_what_was_decided_anew_stays_when_a_batch_is_undone(client, mo, held, person):
    post(client, *held[:2], action="reject")
    batch = Decision.objects.first().batch
    approve(now(held[0]), moderator=person(*BULK, name="kim"))
    response = client.post(address("queue_bulk_undo"), {"batch": batch}, follow=True)
    assert statuses(held[:2]) == ["approved", "held"]
    assert f"#{held[0].pk} photo {held[0].object_pk}: It was decided upon since." in unescape(
        response.content.decode()
    )


def test_a_batch_of_somebody_else_is_not_there(client, mo, held, person):
    batch = uuid.uuid4()
    for scan in held[:2]:
        reject(scan, moderator=person(*BULK, name=f"kim{scan.pk}"), batch=batch)
    assert client.get(address("queue_batch", batch)).status_code == 404
    assert client.post(address("queue_bulk_undo"), {"batch": batch}).status_code == 404
    reject(held[2], moderator=mo, batch=batch)
    assert client.post(address("queue_bulk_undo"), {"batch": batch}).status_code == 403
    assert statuses(held) == ["rejected"] * 3 + ["held"]


@pytest.mark.parametrize("batch", ["", "x", str(uuid.uuid4())], ids=["none", "no UUID", "forged"])
def test_batches_that_are_none(client, mo, batch):
    assert client.post(address("queue_bulk_undo"), {"batch": batch}).status_code == 404
    assert client.get(address("queue_batch", uuid.uuid4())).status_code == 404


def test_who_lost_the_permission_undoes_nothing(client, mo, held):
    post(client, *held[:2])
    batch = Decision.objects.first().batch
    mo.user_permissions.remove(*mo.user_permissions.filter(codename="approve_scan"))
    assert client.post(address("queue_bulk_undo"), {"batch": batch}).status_code == 403
    assert list(undo_batch(uuid.uuid4(), moderator=mo)) == []
    assert statuses(held[:2]) == ["approved"] * 2


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(client, mo, held, next):
    html = post(client, held[0], confirmed=False, next=next).content.decode()
    where = post(client, held[0], next=next).headers["Location"]
    assert next not in html + client.get(where).content.decode()
    assert post(client, next=next).headers["Location"] == address("queue")


# --- Saved queues


def save(client, **data):
    return client.post(address("queue_saved"), {"do": "save", "query": "low=0.5", **data})


def test_a_question_is_saved_and_shown_with_its_count(client, mo, held):
    response = save(client, name=" High <b> ", query="low=.5&junk=1&low=0.5", shared="1")
    assert response.headers["Location"] == f"{address('queue')}?low=0.5"
    queue = SavedQueue.objects.get()
    assert (queue.owner, queue.name, queue.query, queue.shared) == (mo, "High <b>", "low=0.5", True)
    html = client.get(address("queue"), {"low": "0.5"}).content.decode()
    assert (
        '<a class="nsfw-tab" href="?low=0.5" aria-current="page"><bdi>High &lt;b&gt;</bdi> '
        '<span class="nsfw-count">4</span></a>'
    ) in html


def test_a_name_is_there_once(client, mo):
    save(client, name="a")
    response = client.post(
        address("queue_saved"), {"do": "save", "name": "a", "query": "low=0.6"}, follow=True
    )
    assert "You have a queue of that name already." in response.content.decode()
    assert SavedQueue.objects.get().query == "low=0.5"


SAVED_ALREADY = {
    "what has a name": ("low=.5&junk=1", "High <b>", 1),
    "everything that waits": ("junk=1", "Everything that waits", 0),
}


@pytest.mark.parametrize(("query", "name", "there"), SAVED_ALREADY.values(), ids=SAVED_ALREADY)
def test_the_same_question_is_saved_once(client, mo, person, query, name, there):
    SavedQueue.objects.create(owner=person(name="kim"), name="hers", query="low=0.5", shared=True)
    if there:
        save(client, name=name)
    response = client.post(
        address("queue_saved"), {"do": "save", "name": "again", "query": query}, follow=True
    )
    said = f"These filters are saved already, as “{name}”."
    assert str(list(response.context["messages"])[-1]) == said
    assert SavedQueue.objects.filter(owner=mo).count() == there


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b"])
def test_names_that_are_none(client, mo, name):
    save(client, name=name)
    assert not SavedQueue.objects.exists()


CHANGES = {
    "rename": ({"name": "new"}, {"name": "new"}),
    "share": ({}, {"shared": True}),
    "unshare": ({}, {"shared": False}),
    "delete": ({}, None),
}


@pytest.mark.parametrize(("does", "change"), CHANGES.items(), ids=CHANGES)
@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
def test_only_the_owner_changes_a_queue(client, mo, person, does, change, shared):
    data, after = change
    for owner, theirs in ((mo, True), (person(*BULK, name="kim"), False)):
        queue = SavedQueue.objects.create(owner=owner, name="q", query="low=0.5", shared=shared)
        response = client.post(address("queue_saved"), {"do": does, "queue": queue.pk, **data})
        assert response.status_code == (302 if theirs else 404)
        expected = {"name": "q", "shared": shared, "query": "low=0.5"}
        if theirs:
            expected = after and {**expected, **after}
        found = SavedQueue.objects.filter(pk=queue.pk).values("name", "shared", "query").first()
        assert found == expected


@pytest.mark.parametrize("queue", ["", "x", "0", "999999", "9" * 30])
def test_queues_that_are_none(client, mo, queue):
    for does in CHANGES:
        response = client.post(address("queue_saved"), {"do": does, "queue": queue, "name": "x"})
        assert response.status_code == 404
    assert client.post(address("queue_saved"), {"do": "burn"}).status_code == 404


def test_shared_queues_of_others_are_seen_and_not_offered_for_change(client, mo, person):
    kim = person(*BULK, name="kim")
    SavedQueue.objects.create(owner=kim, name="hers", query="low=0.5", shared=True)
    SavedQueue.objects.create(owner=kim, name="secret", query="low=0.6")
    html = client.get(address("queue")).content.decode()
    assert "<bdi>hers</bdi>" in html
    assert "secret" not in html
    assert 'value="rename"' not in html


def test_a_person_has_so_many_queues_and_no_more(client, mo):
    for number in range(21):
        save(client, name=str(number), query=f"low=0.{number + 1:02}")
    assert SavedQueue.objects.count() == 20
