"""The review queue inside Wagtail's admin: what waits, one item, and who may do what."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse
from wagtail.images.models import Image

from django_nsfw.decisions import reject
from django_nsfw.models import Claim, Decision, Reveal, Scan
from tests.conftest import picture
from tests.folders import held, public

from .people import ALL, DOCUMENT, IMAGE, rows, said

pytestmark = pytest.mark.django_db(transaction=True)

QUERIES = 15


def listed(client, **asked):
    return rows(client.get(reverse("nsfw_queue:index_results"), asked))


def titles(client, **asked):
    return [row[2] for row in listed(client, **asked)]


def menu_of(response):
    """The entry of the sidebar, as its script gets it."""
    return re.findall(r"Review queue(?: \([\d,+]+\))?", response.content.decode())


def test_what_waits_is_listed_with_what_was_found(client, person, waiting):
    low, _ = waiting(2)
    person("view_scan")
    assert listed(client) == [
        ["", "", "cat 0", "Image.file", "0.60", "score from 0.50", "held, awaiting review",
         "editor", "now"],
        ["", "", "cat 1", "Image.file", "0.61", "score from 0.50", "held, awaiting review",
         "editor", "now"],
    ]  # fmt: skip
    page = client.get(reverse("nsfw_queue:index")).content.decode()
    assert reverse("nsfw_queue:item", args=[low.pk]) in page
    assert titles(client, ordering="-nsfw") == ["cat 1", "cat 0"]


def test_the_menu_says_how_much_waits(client, person, waiting, constant):
    person("view_scan")
    page = reverse("nsfw_queue:index")
    assert menu_of(client.get(page))[-1] == "Review queue"
    waiting(3)
    assert "Review queue (3)" in menu_of(client.get(page))


def test_the_menu_counts_only_what_a_person_moderates(client, person, waiting):
    waiting(2)
    person("view_scan", field=DOCUMENT)
    page = client.get(reverse("nsfw_queue:index"))
    assert listed(client) == []
    assert "Nothing waits. That is all for now." in page.content.decode()
    assert not any("(" in entry for entry in menu_of(page))


def test_filters(client, person, waiting, editor):
    first, _ = waiting(2)
    reject(first, moderator=editor)
    person("view_scan")
    assert titles(client) == ["cat 1"]
    assert titles(client, status="rejected") == ["cat 0"]
    assert titles(client, field=DOCUMENT) == []
    assert titles(client, verdict="review") == ["cat 1"]


def test_an_object_that_is_gone_and_a_name_that_lies(client, person, waiting):
    gone, lies = waiting(2)
    Scan.objects.filter(pk=gone.pk).update(object_pk="987")
    Image.objects.filter(pk=lies.object_pk).update(title="<b>gpj.\u202eexe</b>")
    person("view_scan")
    assert titles(client) == ["image 987", "&lt;b&gt;gpj.�exe&lt;/b&gt;"]


@pytest.mark.parametrize("number", [1, 12])
def test_queries_do_not_grow_with_the_rows(
    client, person, waiting, number, django_assert_max_num_queries
):
    waiting(number)
    person("view_scan")
    client.get(reverse("nsfw_queue:index"))
    with django_assert_max_num_queries(QUERIES):
        client.get(reverse("nsfw_queue:index"))
    assert len(listed(client)) == number


# One item.


def test_an_item_shows_its_picture_blurred_and_the_facts(client, person, waiting, editor):
    [scan] = waiting()
    person(*ALL)
    page = client.get(reverse("nsfw_queue:item", args=[scan.pk]))
    text = page.content.decode()
    assert "no-store" in page["Cache-Control"]
    for fact in ("cat 0", IMAGE, "0.60", "score from 0.50", "editor", "held, awaiting review"):
        assert fact in text
    assert "With keys, in the review queue" not in text
    blurred = client.get(reverse("nsfw_queue:blurred", args=[scan.pk]))
    assert blurred["Content-Type"] == "image/webp"
    assert "private" in blurred["Cache-Control"]
    assert blurred["Content-Security-Policy"].startswith("default-src 'none'")


def test_staff_may_go_on_to_the_page_with_the_keys(cms, waiting):
    [scan] = waiting()
    text = cms.get(reverse("nsfw_queue:item", args=[scan.pk])).content.decode()
    assert reverse("admin:django_nsfw_queue_item", args=[scan.pk]) in text
    assert reverse("wagtailimages:edit", args=[scan.object_pk]) in text


def test_a_reveal_is_recorded(client, person, waiting):
    [scan] = waiting()
    mo = person(*ALL)
    answer = client.post(reverse("nsfw_queue:reveal", args=[scan.pk]))
    assert (answer["Content-Type"], answer["NSFW-Reveals"]) == ("image/webp", "1")
    assert Reveal.objects.values_list("scan", "user").get() == (scan.pk, mo.pk)


def test_opening_an_item_claims_it(client, person, waiting):
    [scan] = waiting()
    mo = person(*ALL)
    client.get(reverse("nsfw_queue:item", args=[scan.pk]))
    assert Claim.objects.get().user_id == mo.pk
    person(*ALL, name="kim")
    page = client.get(reverse("nsfw_queue:item", args=[scan.pk])).content.decode()
    assert "mo has it open as well." in page


@pytest.mark.parametrize(
    ("action", "status", "message"),
    [
        ("approve", "approved", "Approved: #{pk} image {image}."),
        ("reject", "rejected", "Rejected: #{pk} image {image}."),
        ("escalate", "held", "Escalated: #{pk} image {image}."),
    ],
)
def test_a_decision_leads_on_to_the_next(client, person, waiting, action, status, message):
    first, second = waiting(2)
    mo = person(*ALL)
    answer = client.post(
        reverse("nsfw_queue:decide", args=[first.pk]),
        {"action": action, "version": first.version, "note": "a saucer"},
        follow=True,
    )
    assert answer.redirect_chain == [(reverse("nsfw_queue:item", args=[second.pk]), 302)]
    assert said(answer) == [message.format(pk=first.pk, image=first.object_pk)]
    made = Decision.objects.get()
    first.refresh_from_db()
    assert (first.status, made.action, made.moderator, made.note) == (
        status, action, mo, "a saucer",
    )  # fmt: skip
    assert (picture(seed=0) in public().values()) == (action == "approve")


def test_the_last_one_leads_back_to_the_listing(client, person, waiting):
    [scan] = waiting()
    person(*ALL)
    answer = client.post(
        reverse("nsfw_queue:decide", args=[scan.pk]),
        {"action": "reject", "version": scan.version},
    )
    assert answer.url == reverse("nsfw_queue:index")


def test_who_comes_second_is_told_who_decided_what(client, person, waiting, editor):
    [scan] = waiting()
    version = scan.version
    reject(scan, moderator=editor)
    person(*ALL)
    answer = client.post(
        reverse("nsfw_queue:decide", args=[scan.pk]),
        {"action": "approve", "version": version},
        follow=True,
    )
    assert said(answer) == [
        "It changed since you looked. editor rejected it. It is “rejected” now."
    ]
    assert held() == [picture(seed=0)]


def test_what_is_no_decision_is_said(client, person, waiting):
    [scan] = waiting()
    person(*ALL)
    answer = client.post(reverse("nsfw_queue:decide", args=[scan.pk]), {"action": "x"}, follow=True)
    assert said(answer) == ["That is no decision."]


def test_a_decision_is_undone_from_the_history(client, person, waiting):
    [scan] = waiting()
    mo = person(*ALL)
    made = reject(scan, moderator=mo, note="no saucer")
    page = client.get(reverse("nsfw_queue:item", args=[scan.pk])).content.decode()
    undo = reverse("nsfw_queue:undo", args=[made.pk])
    assert "no saucer" in page
    assert undo in page
    assert said(client.post(undo, follow=True)) == ["1 decision was undone."]
    scan.refresh_from_db()
    assert scan.status == "held"
    assert said(client.post(undo, follow=True)) == ["That is undone already."]


# Who may what.


@pytest.mark.parametrize("name", ["item", "blurred"])
def test_who_may_not_see_scans_sees_none(client, person, waiting, name):
    [scan] = waiting()
    person("approve_scan", "reject_scan", "reveal_scan")
    for url in (reverse("nsfw_queue:index"), reverse(f"nsfw_queue:{name}", args=[scan.pk])):
        assert client.get(url).status_code == 302
    assert menu_of(client.get("/cms/account/")) == []


def test_nobody_gets_in_without_wagtails_own_permission(client, waiting):
    [scan] = waiting()
    outsider = get_user_model().objects.create_user("outsider")
    outsider.user_permissions.set(Permission.objects.filter(codename__in=ALL))
    client.force_login(outsider)
    for name in ("item", "blurred"):
        assert client.get(reverse(f"nsfw_queue:{name}", args=[scan.pk])).status_code == 302


def test_each_verb_asks_for_its_permission(client, person, waiting, editor):
    [scan] = waiting()
    made = reject(scan, moderator=editor)
    person("view_scan", "view_decision")
    page = client.get(reverse("nsfw_queue:item", args=[scan.pk])).content.decode()
    assert "Reveal" not in page
    assert 'name="action"' not in page
    assert "undo/" not in page
    for url, data in (
        (reverse("nsfw_queue:reveal", args=[scan.pk]), {}),
        (reverse("nsfw_queue:decide", args=[scan.pk]), {"action": "approve", "version": "x"}),
        (reverse("nsfw_queue:undo", args=[made.pk]), {}),
    ):
        answer = client.post(url, data)
        assert (answer.status_code, answer.url) == (302, reverse("wagtailadmin_home"))
    scan.refresh_from_db()
    assert (scan.status, Decision.objects.count(), Reveal.objects.count()) == ("rejected", 1, 0)


def test_what_somebody_does_not_moderate_is_not_there_for_them(client, person, waiting, editor):
    [scan] = waiting()
    made = reject(scan, moderator=editor)
    person(*ALL, "undo_decision", field=DOCUMENT)
    for url in (
        reverse("nsfw_queue:item", args=[scan.pk]),
        reverse("nsfw_queue:blurred", args=[scan.pk]),
    ):
        assert client.get(url).status_code == 404
    for url in (
        reverse("nsfw_queue:reveal", args=[scan.pk]),
        reverse("nsfw_queue:decide", args=[scan.pk]),
        reverse("nsfw_queue:undo", args=[made.pk]),
    ):
        assert client.post(url).status_code == 404


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("blurred", "GET"), ("reveal", "POST"), ("decide", "POST")],
)
def test_methods(client, person, waiting, name, allowed):
    [scan] = waiting()
    person(*ALL)
    send = client.post if allowed == "GET" else client.get
    assert send(reverse(f"nsfw_queue:{name}", args=[scan.pk])).status_code == 405


def test_the_form_of_groups_has_these_permissions(cms):
    page = cms.get(reverse("wagtailusers_groups:add")).content.decode()
    for name in ("Can decide several scans at a time", "Can see reports on moderation"):
        assert name in page
