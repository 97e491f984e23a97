"""Who may do what, view by view; and who is restricted to some fields sees nothing of others."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.urls import reverse

from django_nsfw import permissions
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Decision, FieldAccess, KnownImage, Reveal, Scan
from tests.conftest import upload
from tests.host.models import Asset, Photo

pytestmark = pytest.mark.django_db

PHOTO, ASSET = "host.Photo.image", "host.Asset.file"
Action = Decision.Action

ROLES = {
    "nothing": (),
    "see": ("view_scan",),
    "reveal": ("view_scan", "reveal_scan"),
    "reveal what they may not see": ("reveal_scan",),
    "approve": ("view_scan", "approve_scan"),
    "reject": ("view_scan", "reject_scan"),
    "decide in bulk": ("view_scan", "approve_scan", "reject_scan", "bulk_scan"),
    "read the log": ("view_decision",),
    "undo": ("view_decision", "undo_decision"),
    "read what is known": ("view_knownimage",),
    "manage what is known": ("view_knownimage", "manage_known"),
    "read who looked": ("view_reveal",),
    "see reports": ("see_reports",),
    "everything but superuser": (
        "view_scan", "reveal_scan", "approve_scan", "reject_scan", "bulk_scan", "view_decision",
        "undo_decision", "view_knownimage", "manage_known", "view_reveal", "see_reports",
    ),
}  # fmt: skip
SEE = {"see", "reveal", "approve", "reject", "decide in bulk", "everything but superuser"}
LOG = {"read the log", "undo", "everything but superuser"}
KNOWN = {"read what is known", "manage what is known", "everything but superuser"}

VIEWS = {
    "scan_changelist": SEE,
    "scan_change": SEE,
    "scan_history": SEE,
    "scan_blurred": SEE,
    "scan_reveal": {"reveal", "everything but superuser"},
    "scan_looking": SEE,
    "decision_changelist": LOG,
    "decision_change": LOG,
    "decision_history": LOG,
    "knownimage_changelist": KNOWN,
    "knownimage_change": KNOWN,
    "knownimage_history": KNOWN,
    "reveal_changelist": {"read who looked", "everything but superuser"},
    "reveal_change": {"read who looked", "everything but superuser"},
    "reveal_history": {"read who looked", "everything but superuser"},
    "fieldaccess_changelist": set(),
    "fieldaccess_add": set(),
    "fieldaccess_change": set(),
    "fieldaccess_delete": set(),
    "fieldaccess_history": set(),
}
"""View → the roles that it is there for."""


@pytest.fixture
def there(constant, person):
    """Model → what there is of it in one field, and in another."""
    constant.answer = 0.8
    photo = Photo.objects.create(image=upload("a.jpg", seed=1))
    asset = Asset.objects.create(file=upload("b.jpg", seed=2))
    scans = [Scan.objects.get(field=PHOTO), Scan.objects.get(field=ASSET)]
    assert [scan.object_pk for scan in scans] == [str(photo.pk), str(asset.pk)]
    settled = [
        Photo.objects.create(image=upload("c.jpg", seed=3)),
        Asset.objects.create(file=upload("d.jpg", seed=4)),
    ]
    somebody, batch = person(name="somebody"), uuid.uuid4()
    decisions = [
        reject(Scan.objects.get(field=field, object_pk=one.pk), moderator=somebody, batch=batch)
        for field, one in zip([PHOTO, ASSET], settled, strict=True)
    ]
    return {
        "scan": scans,
        "decision": decisions,
        "knownimage": [KnownImage.objects.get(decision=decision) for decision in decisions],
        "reveal": [Reveal.record(scan, somebody) for scan in scans],
        "fieldaccess": [
            FieldAccess.objects.create(group=Group.objects.create(name="some"), field=field)
            for field in [PHOTO]
        ],
    }


def ask(client, view, one):
    """The status of a view of one object; that of the picture is asked for as the page does."""
    model, _, verb = view.partition("_")
    name = f"admin:django_nsfw_{view}"
    alone = {"changelist", "add", "looking"}
    url = reverse(name) if verb in alone else reverse(name, args=[one.pk])
    return client.post(url) if verb == "reveal" and model == "scan" else client.get(url)


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_there_for_its_roles(client, there, person, view):
    answers = {}
    for role, granted in ROLES.items():
        client.force_login(person(*granted, name=role[:20]))
        answers[role] = ask(client, view, there[view.partition("_")[0]][0]).status_code
    assert answers == {role: 200 if role in VIEWS[view] else 403 for role in ROLES}


ONE = [view for view in VIEWS if not view.startswith("fieldaccess")]
GONE = 10**9


@pytest.mark.parametrize("view", [v for v in ONE if not v.endswith(("_changelist", "_looking"))])
def test_of_another_field_nothing_is_there(client, there, person, view):
    """Exactly as if there were none of that number."""
    client.force_login(person(*ROLES["everything but superuser"], fields=[PHOTO]))
    own, other = there[view.partition("_")[0]]
    assert ask(client, view, own).status_code == 200
    answer = ask(client, view, other)
    nobody = ask(client, view, type(other)(pk=GONE))
    assert answer.status_code == nobody.status_code
    assert (answer.status_code, answer.headers.get("Location")) in [(404, None), (302, "/admin/")]
    assert answer.content.replace(b"%d" % other.pk, b"") == nobody.content.replace(
        b"%d" % GONE, b""
    )


@pytest.mark.parametrize("model", ["scan", "decision", "knownimage", "reveal"])
def test_lists_have_rows_of_ones_own_fields_only(client, there, person, model):
    seen = {}
    for name, fields in {"all": [], "photos": [PHOTO], "both": [PHOTO, ASSET]}.items():
        client.force_login(person(*ROLES["everything but superuser"], name=name, fields=fields))
        page = client.get(reverse(f"admin:django_nsfw_{model}_changelist"))
        seen[name] = {one.pk for one in page.context["cl"].result_list}
    own, other = there[model]
    assert seen == {"all": {own.pk, other.pk}, "photos": {own.pk}, "both": {own.pk, other.pk}}


def act(client, model, action, *objects):
    answer = client.post(
        reverse(f"admin:django_nsfw_{model}_changelist"),
        {"action": action, "_selected_action": [one.pk for one in objects]},
        follow=True,
    )
    return [str(message) for message in answer.context["messages"]]


SAID = {
    "approve": ["1 file was approved."],
    "reject": ["1 file was rejected."],
    "escalate": ["1 file was escalated."],
}


@pytest.mark.parametrize("action", SAID)
def test_actions_leave_other_fields_alone(client, there, person, action):
    client.force_login(person(*ROLES["everything but superuser"], fields=[PHOTO]))
    own, other = there["scan"]
    before = Scan.objects.values().get(pk=other.pk)
    assert act(client, "scan", action, own, other) == SAID[action]
    assert act(client, "scan", action, other) == []
    assert Scan.objects.values().get(pk=other.pk) == before
    assert not other.decisions.exists()


def test_what_was_decided_in_another_field_is_not_undone(client, there, person):
    client.force_login(person(*ROLES["everything but superuser"], fields=[PHOTO]))
    own, other = there["decision"]
    assert act(client, "decision", "undo_batch", own) == ["Not all of them are yours to undo."]
    assert act(client, "decision", "undo", own, other) == ["1 decision was undone."]
    assert list(Decision.objects.filter(action=Action.UNDO).values_list("undoes")) == [(own.pk,)]


def test_what_is_known_from_another_field_or_a_list_is_not_revoked(client, there, person):
    client.force_login(person(*ROLES["everything but superuser"], fields=[PHOTO]))
    own, other = there["knownimage"]
    listed = KnownImage.objects.create(key="s:1", sha256="1", outcome="reject", source="a list")
    assert act(client, "knownimage", "revoke", own, other, listed) == ["1 entry was revoked."]
    assert list(KnownImage.objects.filter(revoked_at=None)) == [other, listed]
    assert act(client, "knownimage", "reinstate", own, other, listed) == ["1 entry was reinstated."]


ACTIONS = [
    ("approve", "approve", True), ("approve", "reject", False), ("reject", "approve", False),
    ("reject", "reject", True), ("approve", "escalate", True), ("reject", "escalate", True),
    ("see", "approve", False), ("see", "reject", False), ("see", "escalate", False),
    ("decide in bulk", "approve", True), ("decide in bulk", "reject", True),
]  # fmt: skip


@pytest.mark.parametrize(("role", "action", "may"), ACTIONS)
def test_each_action_is_there_for_its_roles(client, there, person, role, action, may):
    client.force_login(person(*ROLES[role]))
    act(client, "scan", action, there["scan"][0])
    assert there["scan"][0].decisions.filter(action=action).exists() == may


@pytest.mark.parametrize("action", SAID)
@pytest.mark.parametrize(
    ("role", "selected", "decided"),
    [("decide in bulk", 2, 2), ("approve and reject", 2, 0), ("approve and reject", 1, 1)],
)
def test_more_than_one_at_a_time_is_a_permission(
    client, there, person, action, role, selected, decided
):
    roles = ROLES | {"approve and reject": ("view_scan", "approve_scan", "reject_scan")}
    client.force_login(person(*roles[role]))
    said = act(client, "scan", action, *there["scan"][:selected])
    assert Decision.objects.filter(action=action, scan__in=there["scan"]).count() == decided
    if not decided:
        assert said == ["You may decide only one scan at a time. Nothing was decided."]


MAY = {
    "see": lambda user: permissions.may_see(user),
    "reveal": lambda user: permissions.may_reveal(user),
    "approve": lambda user: permissions.may_decide(user, Action.APPROVE),
    "reject": lambda user: permissions.may_decide(user, Action.REJECT),
    "escalate": lambda user: permissions.may_decide(user, Action.ESCALATE),
    "bulk": lambda user: permissions.may_decide_in_bulk(user),
    "undo": lambda user: permissions.may_undo_anything(user),
    "known": lambda user: permissions.may_manage_known(user),
    "reports": lambda user: permissions.may_see_reports(user),
}


@pytest.mark.parametrize(
    ("granted", "may"),
    [
        ((), set()),
        (("view_scan",), {"see"}),
        (("reveal_scan",), {"reveal"}),
        (("approve_scan",), {"approve", "escalate", "undo"}),
        (("reject_scan",), {"reject", "escalate", "undo"}),
        (("bulk_scan",), {"bulk"}),
        (("undo_decision",), {"undo"}),
        (("manage_known",), {"known"}),
        (("see_reports",), {"reports"}),
    ],
    ids=str,
)
def test_what_each_permission_grants(person, granted, may):
    user = person(*granted)
    assert {name for name, asked in MAY.items() if asked(user)} == may


def test_nobody_and_the_inactive_may_nothing_and_superusers_everything(person):
    inactive = person(*ROLES["everything but superuser"], name="inactive", is_active=False)
    for nobody in (AnonymousUser(), inactive):
        assert [name for name, asked in MAY.items() if asked(nobody)] == []
    root = person(name="root", is_superuser=True)
    assert all(asked(root) for asked in MAY.values())


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
