"""Undoing and escalating in the admin: who may, what it says, and what the pages show."""

import pytest
from django.urls import reverse

from django_nsfw.decisions import approve, reject, undo
from django_nsfw.models import Decision, Scan
from django_nsfw.permissions import may_decide, may_undo
from tests.conftest import upload
from tests.host.models import Photo
from tests.test_admin import LIST, act, said, user

pytestmark = pytest.mark.django_db

LOG = reverse("admin:django_nsfw_decision_changelist")
DECIDES = ("view_scan", "view_decision", "approve_scan", "reject_scan", "bulk_scan")


@pytest.fixture
def moderator(client):
    moderator = user("mo", *DECIDES)
    client.force_login(moderator)
    return moderator


@pytest.fixture
def scans(constant):
    constant.answer = 0.8
    photos = [Photo.objects.create(image=upload(seed=seed)) for seed in range(3)]
    return [Scan.objects.get(object_pk=str(photo.pk)) for photo in photos]


def log(client, action, *decisions):
    chosen = {"action": action, "_selected_action": [decision.pk for decision in decisions]}
    return client.post(LOG, chosen, follow=True)


def statuses():
    return list(Scan.objects.order_by("pk").values_list("status", flat=True))


def test_what_was_decided_in_one_go_is_undone_in_one_go(client, moderator, scans):
    act(client, "reject", *scans)
    assert len(set(Decision.objects.values_list("batch", flat=True))) == 1
    assert statuses() == ["rejected"] * 3
    page = log(client, "undo_batch", Decision.objects.latest("pk"))
    assert said(page) == ["3 decisions were undone."]
    assert statuses() == ["held"] * 3


def test_one_is_undone_alone(client, moderator, scans):
    act(client, "reject", *scans)
    decision = Decision.objects.get(scan=scans[1])
    assert said(log(client, "undo", decision)) == ["1 decision was undone."]
    assert statuses() == ["rejected", "held", "rejected"]
    made = Decision.objects.get(undoes=decision)
    assert (made.moderator, made.moderator_name) == (moderator, "mo")
    assert said(log(client, "undo", decision)) == [
        f"Decision #{decision.pk}: It is undone already: mo undid what was decided "
        f"(decision #{made.pk})."
    ]


def test_several_are_undone_from_the_last(client, moderator, scans):
    made = [approve(scans[0], moderator=moderator), reject(scans[0], moderator=moderator)]
    assert said(log(client, "undo_batch", *made)) == ["2 decisions were undone."]
    assert statuses()[0] == "held"


def test_the_pages_say_what_was_undone(client, moderator, scans):
    decision = reject(scans[0], moderator=moderator)
    made = undo(decision, moderator=moderator)
    page = client.get(reverse("admin:django_nsfw_scan_change", args=[scans[0].pk]))
    for html in (page.content.decode(), client.get(LOG).content.decode()):
        assert f"decision #{made.pk} by mo" in html


@pytest.mark.parametrize(
    ("permissions", "own", "others"),
    [
        (["view_decision"], None, None),
        (["view_decision", "approve_scan"], False, False),
        (["view_decision", "reject_scan"], True, False),
        (["view_decision", "undo_decision"], True, True),
    ],
    ids=str,
)
def test_ones_own_takes_the_permission_to_decide_so_and_anothers_its_own(
    client, scans, permissions, own, others
):
    someone = user("someone", *permissions)
    client.force_login(someone)
    decisions = [
        reject(scans[0], moderator=someone), reject(scans[1], moderator=user("mo")),
        reject(scans[2], moderator=None),
    ]  # fmt: skip
    form = client.get(LOG).context["action_form"]
    offered = {value for value, _ in form.fields["action"].choices if value} if form else set()
    assert offered == (set() if own is None else {"undo", "undo_batch"})
    for decision, may in zip(decisions, (own, others, others), strict=True):
        assert may_undo(someone, decision) is bool(may)
        page = log(client, "undo", decision)
        assert Decision.objects.filter(undoes=decision).exists() is bool(may)
        if may is False:
            assert said(page) == [f"Decision #{decision.pk}: It is not yours to undo."]


def test_a_batch_of_somebody_else_stays(client, moderator, scans):
    other = user("other", *DECIDES)
    client.force_login(other)
    act(client, "reject", *scans)
    client.force_login(moderator)
    page = log(client, "undo_batch", *Decision.objects.all())
    assert said(page) == ["Not all of them are yours to undo."]
    assert statuses() == ["rejected"] * 3


def test_nobody_may_undo_an_undo_as_their_own(scans):
    mo = user("mo", *DECIDES)
    made = undo(reject(scans[0], moderator=mo), moderator=mo)
    assert not may_undo(mo, made)
    assert not may_decide(mo, Decision.Action.UNDO)


def test_escalated_scans_are_marked_and_filtered(client, moderator, scans):
    assert said(act(client, "escalate", *scans[:2])) == ["2 files were escalated."]
    for chosen, expected in (("yes", {scans[0], scans[1]}), ("no", {scans[2]}), ("", set(scans))):
        shown = client.get(LIST, {"escalated": chosen} if chosen else {}).context["cl"].result_list
        assert set(shown) == expected
    assert said(act(client, "escalate", scans[0])) == [
        f"Photo {scans[0].object_pk}, image: It is escalated already."
    ]
    act(client, "approve", scans[0])
    assert set(client.get(LIST, {"escalated": "yes"}).context["cl"].result_list) == {scans[1]}


def test_the_log_costs_the_same_for_two_and_for_ten(
    client, moderator, scans, django_assert_max_num_queries
):
    undo(reject(scans[0], moderator=moderator), moderator=moderator)
    client.get(LOG)
    with django_assert_max_num_queries(20) as few:
        client.get(LOG)
    for _ in range(4):
        undo(reject(Scan.objects.get(pk=scans[1].pk), moderator=moderator), moderator=moderator)
    with django_assert_max_num_queries(20) as many:
        client.get(LOG)
    assert len(few) == len(many)
