"""Who may do what, view by view."""

import pytest
from django.contrib.auth.models import AnonymousUser

from django_nsfw import permissions
from django_nsfw.models import Decision
from tests.queue.doors import EVERYTHING, act, ask

pytestmark = pytest.mark.django_db

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
    "read the log and see reports": ("view_decision", "see_reports"),
    "read rescans": ("view_run",),
    "read deliveries": ("view_delivery",),
    "everything but superuser": EVERYTHING,
}
ALL = "everything but superuser"
SEE = {"see", "reveal", "approve", "reject", "decide in bulk", ALL}
LOG = {"read the log", "undo", "read the log and see reports", ALL}
KNOWN = {"read what is known", "manage what is known", ALL}
REPORTS = {"see reports", "read the log and see reports", ALL}

VIEWS = {
    "scan_changelist": SEE,
    "scan_change": SEE,
    "scan_history": SEE,
    "scan_blurred": SEE,
    "scan_reveal": {"reveal", ALL},
    "scan_looking": SEE,
    "queue": SEE,
    "queue_item": SEE,
    "queue_explain": SEE,
    "queue_state": SEE,
    "quality": {"approve", "reject", "decide in bulk", ALL},
    "quality_report": REPORTS,
    "reports": REPORTS,
    "decision_export": {"read the log and see reports", ALL},
    "decision_changelist": LOG,
    "decision_change": LOG,
    "decision_history": LOG,
    "knownimage_changelist": KNOWN,
    "knownimage_change": KNOWN,
    "knownimage_history": KNOWN,
    "reveal_changelist": {"read who looked", ALL},
    "reveal_change": {"read who looked", ALL},
    "reveal_history": {"read who looked", ALL},
    "run_changelist": {"read rescans", ALL},
    "run_change": {"read rescans", ALL},
    "run_history": {"read rescans", ALL},
    "delivery_changelist": {"read deliveries", ALL},
    "delivery_change": {"read deliveries", ALL},
    "delivery_history": {"read deliveries", ALL},
    "fieldaccess_changelist": set(),
    "fieldaccess_add": set(),
    "fieldaccess_change": set(),
    "fieldaccess_delete": set(),
    "fieldaccess_history": set(),
}
"""View → the roles that it is there for."""


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_there_for_its_roles(client, there, person, view):
    answers = {}
    for role, granted in ROLES.items():
        client.force_login(person(*granted, name=role))
        [one, *_] = there.get(view.rpartition("_")[0], [None])
        answers[role] = ask(client, view, one).status_code
    assert answers == {role: 200 if role in VIEWS[view] else 403 for role in ROLES}


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


@pytest.mark.parametrize("action", ["approve", "reject", "escalate"])
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
    inactive = person(*EVERYTHING, name="inactive", is_active=False)
    for nobody in (AnonymousUser(), inactive):
        assert [name for name, asked in MAY.items() if asked(nobody)] == []
    root = person(name="root", is_superuser=True)
    assert all(asked(root) for asked in MAY.values())
