"""Deciding one item, undoing, claiming: who may, what is answered, what is refused and why."""

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from django_nsfw.decisions import approve, reject
from django_nsfw.erasure import erase
from django_nsfw.models import Claim, Decision, Scan
from tests.queue_pages.conftest import DECIDES, address, now, part

pytestmark = pytest.mark.django_db

PHOTOS, ASSETS = "host.Photo.image", "host.Asset.file"
JSON = {"Accept": "application/json"}


def decide(client, scan, action="approve", *, page=False, **data):
    data = {"action": action, "version": now(scan).version, **data}
    headers = {} if page else JSON
    return client.post(address("queue_decide", scan.pk), data, headers=headers)


def undo(client, decision, **data):
    return client.post(address("queue_undo", decision.pk), data, headers=JSON)


ROLES = {
    "nobody": (None, (), 302, 302, 302),
    "staff": ((), (), 403, 403, 403),
    "who may decide but not see": (("approve_scan", "reject_scan"), (), 403, 403, 403),
    "who may see": (("view_scan",), (), 403, 403, 403),
    "who may approve": (("view_scan", "approve_scan"), (), 200, 403, 200),
    "who may reject": (("view_scan", "reject_scan"), (), 403, 200, 200),
    "who may undo": (("view_scan", "undo_decision"), (), 403, 403, 403),
    "who may decide in bulk": (("view_scan", "bulk_scan"), (), 403, 403, 403),
    "a moderator": (DECIDES, (), 200, 200, 200),
    "a moderator of this field": (DECIDES, (PHOTOS,), 200, 200, 200),
    "a moderator of another field": (DECIDES, (ASSETS,), 404, 404, 404),
}


@pytest.mark.parametrize(
    ("may", "fields", "approves", "rejects", "escalates"), ROLES.values(), ids=ROLES
)
def test_who_may_decide_what(client, person, held, may, fields, approves, rejects, escalates):
    if may is not None:
        client.force_login(person(*may, fields=fields))
    for scan, action, status in zip(
        held, ("approve", "reject", "escalate"), (approves, rejects, escalates), strict=False
    ):
        assert decide(client, scan, action).status_code == status
        assert Decision.objects.filter(scan=scan).count() == (status == 200)


@pytest.mark.parametrize(
    ("may", "fields", "own", "others"),
    [
        ((), (), 403, 403),
        (("view_scan",), (), 403, 403),
        (("view_scan", "approve_scan"), (), 200, 403),
        (("view_scan", "reject_scan"), (), 403, 403),
        (("view_scan", "undo_decision"), (), 200, 200),
        (("view_scan", "approve_scan", "undo_decision"), (ASSETS,), 404, 404),
    ],
    ids=["staff", "who may see", "who may approve", "who may reject", "who may undo",
         "who may undo in another field"],
)  # fmt: skip
def test_who_may_undo_what(client, person, held, may, fields, own, others):
    mo, ann = person(*may, fields=fields), person(name="ann")
    client.force_login(mo)
    mine, theirs = approve(held[0], moderator=mo), approve(held[1], moderator=ann)
    assert undo(client, mine).status_code == own
    assert undo(client, theirs).status_code == others
    assert now(held[0]).status == ("held" if own == 200 else "approved")
    assert now(held[1]).status == ("held" if others == 200 else "approved")


def test_every_post_needs_the_token(mo, held):
    client = Client(enforce_csrf_checks=True)
    client.force_login(mo)
    made = approve(held[1], moderator=mo)
    assert decide(client, held[0]).status_code == 403
    assert undo(client, made).status_code == 403
    assert client.post(address("queue_claim", held[0].pk)).status_code == 403
    assert client.post(address("queue_preferences"), {"blur": 3}).status_code == 403
    page = client.get(address("queue_item", held[0].pk)).content.decode()
    token = re.search(r'data-token="(\w+)"', page)[1]
    assert decide(client, held[0], csrfmiddlewaretoken=token).status_code == 200


def test_only_a_post_changes_anything(client, mo, held):
    made = approve(held[1], moderator=mo)
    for url in (
        address("queue_decide", held[0].pk),
        address("queue_claim", held[0].pk),
        address("queue_undo", made.pk),
        address("queue_preferences"),
    ):
        assert client.get(url).status_code == 405
    assert Decision.objects.count() == 1


def test_a_decision_answers_with_what_comes_next(client, mo, held):
    Claim.objects.create(scan=held[0], user=mo, user_name="mo", until=timezone.now() + timedelta(1))
    response = decide(client, held[0], "approve", note="a saucer")
    made = Decision.objects.get()
    assert response.json() == {
        "status": "approved",
        "decision": made.pk,
        "version": now(held[0]).version,
        "said": f"Approved: #{held[0].pk} photo {held[0].object_pk}.",
        "next": address("queue_item", held[1].pk),
        "undo": address("queue_undo", made.pk),
        "undoes": f"approve #{held[0].pk}",
    }
    assert (made.moderator, made.note) == (mo, "a saucer")
    assert not Claim.objects.exists()


def test_the_question_goes_along(client, mo, held):
    url = address("queue_decide", held[3].pk, sort="age")
    data = {"action": "reject", "version": held[3].version}
    told = client.post(url, data, headers=JSON).json()
    assert told["next"] == address("queue_item", held[2].pk, sort="age")
    assert told["undo"].endswith("?sort=age")


def test_after_the_last_one_there_is_none(client, mo, held):
    Scan.objects.exclude(pk=held[0].pk).update(status="superseded")
    assert decide(client, held[0]).json()["next"] is None
    Scan.objects.filter(pk=held[1].pk).update(status="held")
    assert decide(client, held[1], page=True).headers["Location"] == address("queue")


def test_an_escalated_one_goes_on_waiting(client, mo, held):
    told = decide(client, held[0], "escalate").json()
    assert (told["status"], now(held[0]).escalated_at is not None) == ("held", True)
    assert told["version"] == now(held[0]).version
    refused = decide(client, held[0], "escalate")
    assert (refused.status_code, refused.json()["said"]) == (409, "It is escalated already.")


def test_without_the_script_a_form_leads_to_the_next(client, mo, held):
    response = decide(client, held[0], "reject", page=True)
    assert (response.status_code, response.headers["Location"]) == (
        302,
        address("queue_item", held[1].pk),
    )
    page = client.get(response.headers["Location"]).content.decode()
    assert f"Rejected: #{held[0].pk} photo" in page
    undo_url = address("queue_undo", Decision.objects.get().pk)
    assert f'action="{undo_url}" method="post" data-nsfw-undo-last' in page
    response = client.post(undo_url)
    assert response.headers["Location"] == address("queue_item", held[0].pk)
    assert now(held[0]).status == "held"


def test_what_somebody_else_settled_is_refused_with_who_decided_what(client, mo, person, held):
    seen = held[0].version
    reject(held[0], moderator=person(name="<b>ann</b>"))
    said = "It changed since you looked. <b>ann</b> rejected it. It is “rejected” now."
    response = decide(client, held[0], version=seen)
    assert response.status_code == 409
    assert response.json() == {
        "said": said,
        "status": "rejected",
        "by": "<b>ann</b>",
        "version": now(held[0]).version,
        "changed": True,
    }
    page = decide(client, held[0], version=seen, page=True)
    html = page.content.decode()
    assert page.status_code == 409
    assert part(html, "stopped") == said.replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;")
    assert "nsfw-settled" in html
    assert f'href="{address("queue_item", held[1].pk)}" data-nsfw-go>Go on with the next' in html
    assert Decision.objects.count() == 1


def test_a_replay_decides_nothing_twice(client, mo, held):
    version = held[0].version
    assert decide(client, held[0], version=version).status_code == 200
    for _ in range(2):
        again = decide(client, held[0], version=version)
        assert again.status_code == 409
        assert "mo approved it." in again.json()["said"]
    made = Decision.objects.get()
    assert undo(client, made).status_code == 200
    again = undo(client, made)
    assert again.status_code == 409
    assert again.json()["said"] == (
        f"#{held[0].pk}: That is undone already. mo undid what was decided."
    )
    assert Decision.objects.count() == 2


FORGED = {
    "no action": {"action": ""},
    "another action": {"action": "undo"},
    "no version": {"version": ""},
    "a version too long": {"version": "x" * 65},
    "a note too long": {"note": "x" * 2001},
    "a note with NUL": {"note": "a\x00b"},
}


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED)
def test_what_is_no_decision_decides_nothing(client, mo, held, data):
    for page in (False, True):
        assert decide(client, held[0], **{"page": page, **data}).status_code == 400
    assert not Decision.objects.exists()


@pytest.mark.parametrize("version", ["held.999999", "x", "held.", "held." + "9" * 40, "é.1"])
def test_forged_versions_are_stale(client, mo, held, version):
    response = decide(client, held[0], version=version)
    assert response.status_code == 409
    assert response.json()["said"].startswith("It changed since you looked.")


def test_what_cannot_be_decided_as_it_stands(client, mo, held):
    approve(held[0], moderator=mo)
    response = decide(client, held[0], "approve")
    assert (response.status_code, response.json()["said"]) == (
        409,
        "As it stands now, that cannot be decided.",
    )
    assert decide(client, held[0], "reject").status_code == 200


def test_a_file_that_is_missing_cannot_be_approved_and_the_page_says_so(client, mo, held, storages):
    (storages / "quarantine" / held[0].quarantine_name).unlink()
    response = decide(client, held[0])
    assert (response.status_code, response.json()["said"]) == (
        409,
        "The file is not in its storage: have it restored from a backup. Without it nothing can be "
        "approved; what is held can be rejected.",
    )
    assert response.json()["changed"] is False
    assert now(held[0]).status == "held"
    assert decide(client, held[0], "reject").status_code == 200


def test_a_storage_in_trouble_is_no_sentence_of_the_storage(client, mo, held, storages, caplog):
    path = storages / "quarantine" / held[0].quarantine_name
    path.unlink()
    path.mkdir()
    response = decide(client, held[0])
    assert response.status_code == 503
    assert response.json()["said"] == (
        "The storage does not do it; the log has more. Nothing was decided."
    )
    assert str(path) not in response.content.decode()
    assert f"Nothing was decided about scan {held[0].pk}" in caplog.text


def test_what_retention_deleted_is_not_undone(client, mo, held, django_capture_on_commit_callbacks):
    made = reject(held[0], moderator=mo)
    with django_capture_on_commit_callbacks(execute=True):
        list(erase(Scan.objects.filter(pk=held[0].pk)))
    response = undo(client, made)
    assert (response.status_code, response.json()["said"]) == (
        409,
        f"#{held[0].pk}: The bytes were deleted, by retention or on request: "
        "that cannot be put back.",
    )
    assert now(held[0]).status == "rejected"
    page = client.get(address("queue_item", held[0].pk)).content.decode()
    assert re.search(r'value="approve"[^>]*\sdisabled data-never', page)


def test_undoing_leads_back_and_offers_the_one_before(client, mo, held):
    first, second = approve(held[0], moderator=mo), reject(held[1], moderator=mo)
    told = undo(client, second).json()
    assert told == {
        "said": "1 decision was undone.",
        "item": address("queue_item", held[1].pk),
        "undone": [second.pk],
        "undo": address("queue_undo", first.pk),
        "undoes": f"approve #{held[0].pk}",
    }
    told = undo(client, first).json()
    assert (told["undo"], told["undoes"]) == (None, "")
    assert {now(scan).status for scan in held} == {"held"}


def test_an_older_decision_is_refused_with_what_came_after(client, mo, person, held):
    older = approve(held[0], moderator=mo)
    reject(now(held[0]), moderator=person(name="ann"))
    response = undo(client, older)
    assert response.status_code == 409
    assert response.json()["said"] == (
        f"#{held[0].pk}: It was decided upon since. ann rejected it."
    )


def test_what_was_decided_in_one_go_is_undone_in_one_go(client, mo, held):
    batch = uuid.uuid4()
    made = [reject(scan, moderator=mo, batch=batch) for scan in held[:3]]
    page = client.get(address("queue_item", held[3].pk)).content.decode()
    [last] = re.findall(r'action="([^"]+)" method="post" data-nsfw-undo-last', page)
    assert last == f"{address('queue_undo', made[2].pk)}?batch=1"
    assert f"reject #{held[2].pk} and its batch" in page
    told = client.post(last, headers=JSON).json()
    assert told["said"] == "3 decisions were undone."
    assert {now(scan).status for scan in held} == {"held"}


def test_of_a_batch_one_that_stands_is_named_and_keeps_no_other(client, mo, person, held):
    batch = uuid.uuid4()
    made = [reject(scan, moderator=mo, batch=batch) for scan in held[:3]]
    approve(now(held[1]), moderator=person(name="ann"))
    response = undo(client, made[0], batch="1")
    assert response.status_code == 200
    assert response.json()["said"] == (
        f"2 decisions were undone. #{held[1].pk}: It was decided upon since. ann approved it."
    )


def test_a_batch_of_somebody_else_takes_the_permission(client, mo, person, held):
    batch, ann = uuid.uuid4(), person(name="ann")
    mine = approve(held[0], moderator=mo, batch=batch)
    approve(held[1], moderator=ann, batch=batch)
    assert undo(client, mine, batch="1").status_code == 403
    assert {now(scan).status for scan in held[:2]} == {"approved"}
    assert undo(client, mine).status_code == 200


@pytest.mark.parametrize("pk", ["0", "999999", "9" * 30])
def test_decisions_that_are_none(client, mo, pk):
    assert client.post(f"/admin/django_nsfw/scan/queue/undo/{pk}/").status_code == 404


def claim(client, scan, **data):
    return client.post(address("queue_claim", scan.pk), data, headers=JSON)


def test_a_claim_is_renewed_freed_and_taken_over_when_it_ran_out(client, mo, person, held):
    told = claim(client, held[0]).json()
    assert told == {
        "claimed": True, "by": "", "said": "", "status": "held", "version": held[0].version,
    }  # fmt: skip
    first = Claim.objects.get().until
    claim(client, held[0])
    assert Claim.objects.get().until > first
    ann = Client()
    ann.force_login(person(*DECIDES, name="ann"))
    told = claim(ann, held[0]).json()
    assert (told["claimed"], told["by"]) == (False, "mo")
    assert told["said"].startswith("mo has it open, until ")
    assert claim(ann, held[0], free="1").status_code == 204
    assert Claim.objects.get().user == mo  # nobody frees what somebody else has
    Claim.objects.update(until=timezone.now())
    assert claim(ann, held[0]).json()["claimed"]
    assert claim(ann, held[0], free="1").status_code == 204
    assert not Claim.objects.exists()
    assert claim(client, held[0]).json()["claimed"]


def test_a_claim_says_what_happened_to_the_item_meanwhile(client, mo, person, held):
    reject(held[0], moderator=person(name="ann"))
    assert claim(client, held[0]).json() == {
        "claimed": False,
        "by": "",
        "said": "ann rejected it.",
        "status": "rejected",
        "version": now(held[0]).version,
    }
    assert not Claim.objects.exists()


def test_a_claim_whose_owner_vanished_goes_with_them(client, mo, person, held):
    ann = person(name="ann")
    until = timezone.now() + timedelta(hours=1)
    Claim.objects.create(scan=held[0], user=ann, user_name="ann", until=until)
    ann.delete()
    assert claim(client, held[0]).json()["claimed"]


def test_who_may_not_see_claims_nothing(client, person, held):
    client.force_login(person("approve_scan"))
    assert claim(client, held[0]).status_code == 403
    client.force_login(person(*DECIDES, name="ann", fields=[ASSETS]))
    assert claim(client, held[0]).status_code == 404
    assert not Claim.objects.exists()
