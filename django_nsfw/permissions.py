"""Who may do what to a scan or a decision. Asked by the doors; the verbs themselves ask nobody."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin

from .models import Decision

User = AbstractBaseUser | AnonymousUser

_ASKED = {
    Decision.Action.APPROVE: ("approve_scan",),
    Decision.Action.REJECT: ("reject_scan",),
    Decision.Action.ESCALATE: ("approve_scan", "reject_scan"),
}
"""Any of these is enough."""


def may_decide(user: User, action: "Decision.Action") -> bool:
    """Whether they may approve, reject, or escalate, which takes the permission to do either."""
    return any(_has(user, name) for name in _ASKED.get(action, ()))


def may_undo(user: User, decision: Decision) -> bool:
    """What one decided oneself takes the permission to decide so, everything else its own."""
    own = decision.moderator_id is not None and decision.moderator_id == user.pk
    if own and may_decide(user, Decision.Action(decision.action)):
        return True
    return _has(user, "undo_decision")


def may_undo_anything(user: User) -> bool:
    """Whether there can be decisions that they may undo."""
    return _has(user, "undo_decision") or may_decide(user, Decision.Action.ESCALATE)


def _has(user: User, name: str) -> bool:
    return isinstance(user, PermissionsMixin | AnonymousUser) and user.has_perm(
        f"django_nsfw.{name}"
    )
