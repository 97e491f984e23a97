"""The plain list of scans: what it shows, to whom, and what its two actions do."""

import re

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_nsfw.models import Decision, Scan
from tests.conftest import picture, upload
from tests.host.models import Album, Asset, Photo

pytestmark = pytest.mark.django_db

LIST = reverse("admin:django_nsfw_scan_changelist")


def user(name, *permissions):
    made = get_user_model().objects.create_user(name, is_staff=True)
    made.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return made


@pytest.fixture
def moderator(client):
    moderator = user("mo", "view_scan", "approve_scan", "reject_scan", "bulk_scan", "view_decision")
    client.force_login(moderator)
    return moderator


@pytest.fixture
def held(constant):
    constant.answer = 0.75
    owner = get_user_model().objects.create_user("owner")
    photo = Photo.objects.create(image=upload(), album=Album.objects.create(owner=owner))
    return Scan.objects.get(object_pk=photo.pk)


def act(client, action, *scans):
    return client.post(
        f"{LIST}?queue=all",
        {"action": action, "_selected_action": [scan.pk for scan in scans]},
        follow=True,
    )


def stored(photo) -> bytes:
    with photo.image.open() as file:
        return file.read()


def said(response):
    return [str(message) for message in response.context["messages"]]


def test_the_list_opens_on_what_waits(client, moderator, held, constant):
    constant.answer = 0.1
    clear = Photo.objects.create(image=upload(seed=2))
    rows = client.get(LIST).context["cl"].result_list
    assert [scan.pk for scan in rows] == [held.pk]
    everything = client.get(f"{LIST}?queue=all").context["cl"].result_list
    assert {scan.object_pk for scan in everything} == {held.object_pk, str(clear.pk)}
    only = client.get(f"{LIST}?queue=clear").context["cl"].result_list
    assert [scan.object_pk for scan in only] == [str(clear.pk)]


def test_a_row_says_what_was_found(client, moderator, held):
    page = client.get(LIST).content.decode()
    assert '<meter class="nsfw-score" min="0" max="1" value="0.7500">0.75</meter> 0.75' in page
    assert "host.Photo.image" in page
    assert "owner" in page
    assert "held, awaiting review" in page
    # Photo has no admin of its own here: a name and no link that leads nowhere
    assert f"Photo {held.object_pk}" in page


def test_an_object_with_an_admin_of_its_own_is_linked(client, moderator, constant):
    constant.answer = 0.9
    asset = Asset.objects.create(file=upload())
    page = client.get(LIST).content.decode()
    assert (
        f'<a href="/admin/host/asset/{quote(str(asset.pk))}/change/">Asset {asset.pk}</a>' in page
    )


def test_an_object_that_is_gone_is_not_linked(client, moderator, constant):
    constant.answer = 0.9
    asset = Asset.objects.create(file=upload())
    pk = asset.pk
    asset.delete()
    page = client.get(f"{LIST}?queue=gone").content.decode()
    assert f"Asset {pk}" in page
    assert "/admin/host/asset/" not in page


def test_the_page_of_a_scan_says_where_its_bytes_are_and_promises_no_history(
    client, moderator, held
):
    page = client.get(reverse("admin:django_nsfw_scan_change", args=[held.pk])).content.decode()
    assert held.quarantine_name in page
    assert "historylink" not in page


def test_the_log_says_who_decided_and_finds_a_digest_in_its_index(client, moderator, held):
    act(client, "reject", held)
    log = reverse("admin:django_nsfw_decision_changelist")
    page = client.get(log).content.decode()
    assert '<td class="field-by">mo</td>' in page
    with CaptureQueriesContext(connection) as asked:
        found = client.get(log, {"q": held.sha256[:12].upper()}).context["cl"].result_list
        assert [decision.scan for decision in found] == [held]
    asked = [query["sql"] for query in asked if "django_nsfw_decision" in query["sql"]]
    assert not [sql for sql in asked if "LIKE" in sql or "crops" in sql]
    assert not client.get(log, {"q": "0" * 12}).context["cl"].result_list


def test_no_page_has_the_picture_and_that_of_a_scan_shows_it_blurred(client, moderator, held):
    page_of_scan = reverse("admin:django_nsfw_scan_change", args=[held.pk])
    blurred = reverse("admin:django_nsfw_scan_blurred", args=[held.pk])
    for url, pictures in ((LIST, []), (page_of_scan, [blurred])):
        page = client.get(url).content
        shown = re.findall(r'<img src="([^"]+)"', page.decode())
        assert [src for src in shown if not src.startswith("/static/admin")] == pictures
        assert picture()[100:140] not in page
        assert b"/media/" not in page


def test_search_by_digest(client, moderator, held):
    found = client.get(LIST, {"q": held.sha256[:12]}).context["cl"].result_list
    assert [scan.pk for scan in found] == [held.pk]
    assert not client.get(LIST, {"q": "0" * 12}).context["cl"].result_list


def test_filters(client, moderator, held):
    for query, rows in (
        ({"verdict__exact": "review"}, 1),
        ({"verdict__exact": "unknown"}, 0),
        ({"field": "host.Photo.image"}, 1),
        ({"field": "host.Asset.file"}, 0),
    ):
        assert len(client.get(LIST, query).context["cl"].result_list) == rows


def test_the_list_costs_the_same_for_one_row_and_for_ten(
    client, moderator, held, constant, django_assert_max_num_queries
):
    client.get(LIST)
    with django_assert_max_num_queries(20) as one:
        client.get(LIST)
    for seed in range(2, 12):
        Photo.objects.create(image=upload(seed=seed), album=Album.objects.get())
    with django_assert_max_num_queries(20) as many:
        assert len(client.get(LIST).context["cl"].result_list) == 11
    assert len(many) == len(one)


def test_the_detail_page_shows_every_crop_and_every_decision(client, moderator, held):
    act(client, "reject", held)
    page = client.get(reverse("admin:django_nsfw_scan_change", args=[held.pk])).content.decode()
    assert "<th>sfw</th><th>nsfw</th>" in page
    assert "<td>1</td><td>1</td><td>opaque</td><td>0.2500</td><td>0.7500</td>" in page
    assert "mo" in page
    assert held.sha256 in page


def test_approving_releases_and_writes_a_decision(
    client, moderator, held, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        response = act(client, "approve", held)
    assert said(response) == ["1 file was approved."]
    assert stored(Photo.objects.get()) == picture()
    decision = Decision.objects.get()
    assert (decision.action, decision.moderator, decision.moderator_name) == (
        "approve",
        moderator,
        "mo",
    )
    assert (decision.from_status, decision.to_status) == ("held", "approved")
    assert decision.sha256 == held.sha256


def test_rejecting_keeps_the_bytes_in_quarantine(client, moderator, held, storages):
    assert said(act(client, "reject", held)) == ["1 file was rejected."]
    held.refresh_from_db()
    assert held.status == Scan.Status.REJECTED
    assert (storages / "quarantine" / held.quarantine_name).read_bytes() == picture()
    assert stored(Photo.objects.get()) != picture()
    assert Decision.objects.get().action == "reject"


def test_one_that_cannot_be_settled_does_not_undo_the_others(client, moderator, held, constant):
    second = Photo.objects.create(image=upload(seed=2))
    Photo.objects.filter(pk=held.object_pk).delete()
    other = Scan.objects.get(object_pk=second.pk)
    messages = said(act(client, "reject", held, other))
    assert messages == [
        f"Photo {held.object_pk}, image: A scan that is “object gone” cannot be rejected.",
        "1 file was rejected.",
    ]


@pytest.mark.parametrize(
    ("permissions", "actions"),
    [
        ([], None),
        (["view_scan"], set()),
        (["view_scan", "undo_decision"], set()),
        (["view_scan", "approve_scan"], {"approve", "escalate"}),
        (["view_scan", "reject_scan"], {"reject", "escalate"}),
        (["view_scan", "approve_scan", "reject_scan"], {"approve", "reject", "escalate"}),
    ],
    ids=str,
)
def test_each_action_has_its_own_permission(client, held, permissions, actions):
    client.force_login(user("someone", *permissions))
    response = client.get(LIST)
    if actions is None:
        assert response.status_code == 403
        return
    form = response.context["action_form"]
    offered = {value for value, _ in form.fields["action"].choices if value} if form else set()
    assert offered == actions
    for action in {"approve", "reject", "escalate"} - actions:
        act(client, action, held)
        held.refresh_from_db()
        assert (held.status, held.escalated_at) == (Scan.Status.HELD, None)


@pytest.mark.parametrize("model", ["scan", "decision"])
def test_not_even_a_superuser_adds_changes_or_deletes(client, held, model):
    root = get_user_model().objects.create_superuser("root")
    client.force_login(root)
    act(client, "reject", held)
    pk = held.pk if model == "scan" else Decision.objects.get().pk
    name = f"admin:django_nsfw_{model}"
    assert client.get(reverse(f"{name}_add")).status_code == 403
    assert client.post(reverse(f"{name}_change", args=[pk]), {"status": "clear"}).status_code == 403
    assert client.get(reverse(f"{name}_delete", args=[pk])).status_code == 403
    assert client.get(reverse(f"{name}_changelist")).status_code == 200


def test_names_full_of_markup_are_text(client, moderator, constant):
    constant.answer = 0.9
    Photo.objects.create(image=upload("a.jpg"), title="x")
    Scan.objects.update(
        original_name="<script>alert(1)</script>.jpg", error_code="<b>", object_pk="<i>1</i>"
    )
    scan = Scan.objects.get()
    for url in (LIST, reverse("admin:django_nsfw_scan_change", args=[scan.pk])):
        page = client.get(url).content
        assert b"<script>alert(1)" not in page
        assert b"<i>1</i>" not in page
