"""Who is restricted to some fields sees nothing of others, and changes nothing there."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.urls import reverse

from django_nsfw import permissions
from django_nsfw.decisions import approve
from django_nsfw.models import (
    Claim,
    Decision,
    FieldAccess,
    KnownImage,
    QualityCheck,
    Reveal,
    Run,
    Scan,
)
from tests.queue.doors import ALONE, ASSET, EVERYTHING, PHOTO, act, ask
from tests.queue.test_roles import VIEWS

pytestmark = pytest.mark.django_db

Action = Decision.Action
GONE = 10**9
CLOSED = ("fieldaccess", "delivery")
"""About every field, and not for who moderates some."""


@pytest.fixture
def mo(client, person):
    """May do everything, in photos."""
    mo = person(*EVERYTHING, fields=[PHOTO])
    client.force_login(mo)
    return mo


OPEN = [view for view in VIEWS if not view.startswith(CLOSED)]


@pytest.mark.parametrize("view", [v for v in OPEN if v.rpartition("_")[2] not in ALONE])
def test_of_another_field_nothing_is_there(client, there, mo, view):
    """Exactly as if there were none of that number."""
    own, other = there[view.rpartition("_")[0]]
    assert ask(client, view, own).status_code == 200
    answer = ask(client, view, other)
    nobody = ask(client, view, type(other)(pk=GONE))
    assert answer.status_code == nobody.status_code
    assert (answer.status_code, answer.headers.get("Location")) in [(404, None), (302, "/admin/")]
    assert answer.content.replace(b"%d" % other.pk, b"") == nobody.content.replace(
        b"%d" % GONE, b""
    )


@pytest.mark.parametrize("view", [v for v in OPEN if v.rpartition("_")[2] in ALONE])
def test_no_page_names_another_field(client, there, person, view):
    """Who moderates all fields sees them named, on the pages that name any."""
    shown = {}
    for name, fields in {"all": [], "photos": [PHOTO], "assets": [ASSET]}.items():
        client.force_login(person(*EVERYTHING, name=name, fields=fields))
        answer = ask(client, view)
        assert answer.status_code == 200
        text = b"".join(answer).decode()  # a table for spreadsheets is streamed
        shown[name] = {label for label in (PHOTO, ASSET) if label in text}
    assert ASSET not in shown["photos"]
    assert PHOTO not in shown["assets"]
    assert shown["all"] in (set(), {PHOTO, ASSET}) or view == "quality"  # one picture at a time


@pytest.mark.parametrize("view", [view for view in VIEWS if view.startswith(CLOSED)])
def test_what_is_about_every_field_is_closed(client, there, mo, view):
    [one] = there[view.rpartition("_")[0]]
    assert ask(client, view, one).status_code == 403


@pytest.mark.parametrize("model", ["scan", "decision", "knownimage", "reveal", "run"])
def test_lists_have_rows_of_ones_own_fields_only(client, there, person, model):
    seen = {}
    for name, fields in {"all": [], "photos": [PHOTO], "both": [PHOTO, ASSET]}.items():
        client.force_login(person(*EVERYTHING, name=name, fields=fields))
        page = client.get(reverse(f"admin:django_nsfw_{model}_changelist"))
        seen[name] = {one.pk for one in page.context["cl"].result_list}
    own, other = there[model]
    assert seen == {"all": {own.pk, other.pk}, "photos": {own.pk}, "both": {own.pk, other.pk}}


def test_a_rescan_is_seen_by_who_moderates_all_of_its_fields(person):
    for targets in [[PHOTO], [ASSET], [PHOTO, ASSET], ["left.The.project"]]:
        Run.objects.create(targets=[[label, "default"] for label in targets])
    of = {"photos": [PHOTO], "both": [PHOTO, ASSET], "none": ["host.Slide.image"], "all": []}
    seen = {
        name: [
            [label for label, _ in run.targets]
            for run in permissions.visible_runs(
                person(name=name, fields=fields), Run.objects.order_by("pk")
            )
        ]
        for name, fields in of.items()
    }
    assert seen == {
        "photos": [[PHOTO]],
        "both": [[PHOTO], [ASSET], [PHOTO, ASSET]],
        "none": [],
        "all": [[PHOTO], [ASSET], [PHOTO, ASSET], ["left.The.project"]],
    }


# --- Changing something: what each door asks for, in one's own field and in another


def decide(action):
    def door(client, row):
        version = Scan.objects.get(pk=row["scan"].pk).version
        url = reverse("admin:django_nsfw_queue_decide", args=[row["scan"].pk])
        return client.post(url, {"action": action, "version": version})

    return door


def bulk(action):
    def door(client, row):
        picked = f"{row['scan'].pk}:{Scan.objects.get(pk=row['scan'].pk).version}"
        url = reverse("admin:django_nsfw_queue_bulk")
        return client.post(url, {"action": action, "picked": picked, "confirmed": "1"})

    return door


def post(view, kind):
    return lambda client, row: client.post(
        reverse(f"admin:django_nsfw_{view}", args=[row[kind].pk])
    )


def answer(said):
    return lambda client, row: client.post(
        reverse("admin:django_nsfw_quality"), {"scan": row["sample"].pk, "answer": said}
    )


DOORS = {
    "approve": (decide("approve"), ("view_scan", "approve_scan")),
    "reject": (decide("reject"), ("view_scan", "reject_scan")),
    "escalate": (decide("escalate"), ("view_scan",)),  # either of two: see the roles
    "approve in bulk": (bulk("approve"), ("view_scan", "approve_scan", "bulk_scan")),
    "reject in bulk": (bulk("reject"), ("view_scan", "reject_scan", "bulk_scan")),
    "escalate in bulk": (bulk("escalate"), ("view_scan", "bulk_scan")),
    "undo what somebody decided": (
        post("queue_undo", "decision"),
        ("view_scan", "undo_decision"),
    ),
    "claim": (post("queue_claim", "scan"), ("view_scan",)),
    "reveal": (post("scan_reveal", "scan"), ("view_scan", "reveal_scan")),
    "say no of the sample": (answer("no"), ("view_scan",)),  # and either permission to decide
    "say no of the sample and reject": (answer("reject"), ("view_scan", "reject_scan")),
}
"""What is done → how, and the permissions without any one of which it is forbidden."""


def everything_recorded():
    return [
        list(Scan.objects.order_by("pk").values("pk", "status", "escalated_at", "name")),
        list(KnownImage.objects.order_by("pk").values("pk", "revoked_at")),
        *(model.objects.count() for model in (Decision, Claim, Reveal, QualityCheck)),
    ]


@pytest.mark.parametrize("door", DOORS)
def test_each_door_is_open_in_ones_own_field_and_in_no_other(client, there, mo, door):
    through, _ = DOORS[door]
    own, other = ({kind: rows[at] for kind, rows in there.items() if rows[at:]} for at in (0, 1))
    before = everything_recorded()
    refused = through(client, other)
    # Of the sample it is said, as of a picture that somebody else was faster with.
    assert refused.status_code == (302 if "sample" in door else 404)
    assert everything_recorded() == before
    assert through(client, own).status_code in (200, 302)
    assert everything_recorded() != before


@pytest.mark.parametrize(
    ("door", "without"), [(door, name) for door, (_, asked) in DOORS.items() for name in asked]
)
def test_each_door_asks_for_each_of_its_permissions(client, there, person, door, without):
    through, _ = DOORS[door]
    client.force_login(person(*(name for name in EVERYTHING if name != without)))
    before = everything_recorded()
    assert through(client, {kind: rows[0] for kind, rows in there.items()}).status_code == 403
    assert everything_recorded() == before


def test_of_what_was_decided_in_one_go_nothing_is_undone_where_a_part_is_of_another_field(
    client, there, mo
):
    own, other = there["decision"]
    assert own.batch == other.batch
    url = reverse("admin:django_nsfw_queue_undo", args=[own.pk])
    assert client.post(url, {"batch": "1"}).status_code == 403
    assert (
        client.post(reverse("admin:django_nsfw_queue_bulk_undo"), {"batch": own.batch}).status_code
        == 404
    )  # it is somebody else's
    assert not Decision.objects.filter(action=Action.UNDO).exists()


def test_the_state_of_tiles_leaves_out_those_of_another_field(client, there, mo):
    url = reverse("admin:django_nsfw_queue_state")
    own, other = there["scan"]
    found = client.get(url, {"pk": [own.pk, other.pk]}).json()["scans"]
    assert list(found) == [str(own.pk)]


SAID = {
    "approve": ["1 file was approved."],
    "reject": ["1 file was rejected."],
    "escalate": ["1 file was escalated."],
}


@pytest.mark.parametrize("action", SAID)
def test_actions_leave_other_fields_alone(client, there, mo, action):
    own, other = there["scan"]
    before = Scan.objects.values().get(pk=other.pk)
    assert act(client, "scan", action, own, other) == SAID[action]
    assert act(client, "scan", action, other) == []
    assert Scan.objects.values().get(pk=other.pk) == before
    assert not other.decisions.exists()


def test_what_was_decided_in_another_field_is_not_undone(client, there, mo):
    own, other = there["decision"]
    assert act(client, "decision", "undo_batch", own) == ["Not all of them are yours to undo."]
    assert act(client, "decision", "undo", own, other) == ["1 decision was undone."]
    assert list(Decision.objects.filter(action=Action.UNDO).values_list("undoes")) == [(own.pk,)]


def test_what_is_known_from_another_field_or_a_list_is_not_revoked(client, there, mo):
    own, other = there["knownimage"]
    listed = KnownImage.objects.create(key="s:1", sha256="1", outcome="reject", source="a list")
    assert act(client, "knownimage", "revoke", own, other, listed) == ["1 entry was revoked."]
    assert list(KnownImage.objects.filter(revoked_at=None)) == [other, listed]
    assert act(client, "knownimage", "reinstate", own, other, listed) == ["1 entry was reinstated."]


# --- Who is restricted


@pytest.mark.parametrize(
    ("groups", "fields"),
    [
        ([], None),
        ([()], None),
        ([(PHOTO,)], {PHOTO}),
        ([(PHOTO,), ()], {PHOTO}),
        ([(PHOTO,), (ASSET,)], {PHOTO, ASSET}),
        ([(PHOTO, ASSET), (ASSET,)], {PHOTO, ASSET}),
        ([("left.The.project",)], {"left.The.project"}),
    ],
    ids=str,
)
def test_groups_restrict_to_the_fields_of_all_of_them(person, groups, fields):
    user, root = person(), person(name="root", is_superuser=True)
    for number, labels in enumerate(groups):
        group = Group.objects.create(name=str(number))
        FieldAccess.objects.bulk_create(FieldAccess(group=group, field=one) for one in labels)
        user.groups.add(group)
        root.groups.add(group)
    assert permissions.restricted_to(user) == fields
    assert permissions.restricted_to(root) is None
    assert permissions.restricted_to(AnonymousUser()) == frozenset()


def test_the_restriction_is_read_once(person, django_assert_num_queries):
    user = person(fields=[PHOTO])
    with django_assert_num_queries(1):
        assert permissions.restricted_to(user) == permissions.restricted_to(user) == {PHOTO}


def test_ones_own_decision_in_a_field_that_one_lost_is_not_undone(there, person):
    own, other = there["scan"]
    user = person("approve_scan", fields=[PHOTO])
    assert permissions.may_undo(user, approve(own, moderator=user))
    assert not permissions.may_undo(user, approve(other, moderator=user))


class TestRestrictingAGroup:
    def test_a_superuser_chooses_a_watched_field(self, client, person):
        client.force_login(person(is_superuser=True))
        group = Group.objects.create(name="photographers")
        url = reverse("admin:django_nsfw_fieldaccess_add")
        choices = dict(client.get(url).context["adminform"].form.fields["field"].choices)
        assert PHOTO in choices
        assert "host.Asset.thumbnail" not in choices
        client.post(url, {"group": group.pk, "field": PHOTO})
        assert list(FieldAccess.objects.values_list("group", "field")) == [(group.pk, PHOTO)]
        refused = client.post(url, {"group": group.pk, "field": "host.Asset.thumbnail"})
        assert list(refused.context["adminform"].form.errors) == ["field"]

    def test_a_field_that_left_the_project_can_be_kept(self, client, person):
        client.force_login(person(is_superuser=True))
        group = Group.objects.create(name="photographers")
        row = FieldAccess.objects.create(group=group, field="left.The.project")
        url = reverse("admin:django_nsfw_fieldaccess_change", args=[row.pk])
        client.post(url, {"group": group.pk, "field": "left.The.project"})
        assert client.get(url).status_code == 200
        assert FieldAccess.objects.get().field == "left.The.project"
