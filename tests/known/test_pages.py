"""What moderators see of known images, and who may revoke one."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from django_nsfw.known_lists import Record, store
from django_nsfw.models import Decision, KnownImage
from tests.known.pictures import COPIES, ORIGINAL
from tests.test_admin import user

pytest.importorskip("pdqhash")
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

LIST = reverse("admin:django_nsfw_knownimage_changelist")
SCANS = reverse("admin:django_nsfw_scan_changelist")


def sign_in(client, *permissions):
    client.force_login(user("ann", *permissions))


def test_a_scan_says_what_it_resembles_and_whose_word_that_is(client, settle, send):
    settle("reject")
    similar, same = send(COPIES["smaller"]), send(ORIGINAL)
    sign_in(client, "view_scan")
    number = Decision.objects.get().pk
    words = f"rejected, distance {similar.known_distance}, decision #{number} by mo"
    assert words in client.get(SCANS).content.decode()
    page = client.get(reverse("admin:django_nsfw_scan_change", args=[same.pk])).content.decode()
    assert f"rejected, the same bytes, decision #{number} by mo" in page


def test_a_scan_names_the_list(client, send):
    first = send(ORIGINAL)
    store([Record(sha256=first.sha256, outcome="reject", source="theirs")])
    again = send(ORIGINAL)
    assert again.status == "rejected"
    sign_in(client, "view_scan")
    page = client.get(reverse("admin:django_nsfw_scan_change", args=[again.pk])).content.decode()
    assert "rejected, the same bytes, list “theirs”" in page


def test_the_list_of_scans_costs_no_query_a_row(
    client, settle, send, django_assert_max_num_queries
):
    settle("reject")
    for name in ("smaller", "brighter", "as a PNG", "in grey"):
        assert send(COPIES[name]).known is not None
    sign_in(client, "view_scan")
    with django_assert_max_num_queries(8):
        client.get(f"{SCANS}?queue=all")


@pytest.mark.parametrize(
    ("permissions", "status", "revokes"),
    [
        ([], 403, False),
        (["view_scan"], 403, False),
        (["view_knownimage"], 200, False),
        (["change_knownimage", "delete_knownimage"], 200, False),
        (["manage_known"], 403, False),
        (["view_knownimage", "manage_known"], 200, True),
    ],
    ids=lambda value: " and ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_who_may_see_and_revoke(permissions, status, revokes, client, db):
    store([Record(sha256="a" * 64, outcome="reject", source="theirs")])
    known = KnownImage.objects.get()
    sign_in(client, *permissions)
    assert client.get(LIST).status_code == status
    page = reverse("admin:django_nsfw_knownimage_change", args=[known.pk])
    assert client.get(page).status_code == status
    client.post(LIST, {"action": "revoke", "_selected_action": [known.pk]})
    client.post(page, {"outcome": "approve"})
    client.post(reverse("admin:django_nsfw_knownimage_delete", args=[known.pk]), {"post": "yes"})
    client.post(reverse("admin:django_nsfw_knownimage_add"), {"outcome": "approve"})
    known = KnownImage.objects.get()
    assert (known.outcome, known.revoked_at is not None) == ("reject", revokes)
    said = [(entry.user.username, entry.change_message) for entry in LogEntry.objects.all()]
    assert said == ([("ann", "Revoked.")] if revokes else [])
    client.post(LIST, {"action": "reinstate", "_selected_action": [known.pk]})
    known.refresh_from_db()
    assert known.revoked_at is None
    assert LogEntry.objects.filter(change_message="Reinstated.").count() == revokes


def test_what_was_revoked_is_recognised_again_once_it_is_reinstated(client, settle, send):
    settle("reject")
    sign_in(client, "view_knownimage", "manage_known")
    chosen = {"_selected_action": [KnownImage.objects.get().pk]}
    for action, status, text in (
        ("revoke", "held", "1 entry was revoked."),
        ("revoke", "held", "0 entries were revoked."),
        ("reinstate", "rejected", "1 entry was reinstated."),
    ):
        response = client.post(LIST, {"action": action, **chosen}, follow=True)
        assert [str(message) for message in response.context["messages"]] == [text]
        assert send(ORIGINAL).status == status
    page = reverse("admin:django_nsfw_knownimage_history", args=chosen["_selected_action"])
    assert client.get(page).content.decode().count("Revoked.") == 1


def test_the_list_shows_the_beginnings_of_hashes_and_tells_what_is_in_force(client, db):
    store(Record(sha256=digit * 64, outcome="reject", source="theirs") for digit in "ab")
    KnownImage.objects.filter(sha256="a" * 64).revoke()
    sign_in(client, "view_knownimage")
    assert "aaaaaaaaaaaa…" in client.get(LIST).content.decode()
    for value, digit in (("no", "b"), ("yes", "a")):
        found = client.get(LIST, {"revoked": value}).context["cl"].result_list
        assert [known.sha256[0] for known in found] == [digit]


def test_the_list_can_be_searched(client, db):
    store(Record(sha256=digit * 64, outcome="reject", source="theirs") for digit in "ab")
    sign_in(client, "view_knownimage")
    found = client.get(LIST, {"q": "aaaa"}).context["cl"].result_list
    assert [known.sha256 for known in found] == ["a" * 64]
