"""Who may see and do what. Asked by the doors; the verbs themselves ask nobody."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.db.models import QuerySet

from .models import Decision, FieldAccess, KnownImage, Reveal, Run, Scan

User = AbstractBaseUser | AnonymousUser

_ASKED = {
    Decision.Action.APPROVE: ("approve_scan",),
    Decision.Action.REJECT: ("reject_scan",),
    Decision.Action.ESCALATE: ("approve_scan", "reject_scan"),
}
"""Any of these is enough."""


def may_see(user: User) -> bool:
    return _has(user, "view_scan")


def may_reveal(user: User) -> bool:
    """Whether they may look at pictures as they are. Asked together with ``may_see``."""
    return _has(user, "reveal_scan")


def may_decide(user: User, action: "Decision.Action") -> bool:
    """Whether they may approve, reject, or escalate, which takes the permission to do either."""
    return any(_has(user, name) for name in _ASKED.get(action, ()))


def may_claim(user: User) -> bool:
    """Whether an item is theirs while they have it open: who merely looks keeps nobody away."""
    return may_decide(user, Decision.Action.ESCALATE)


def may_decide_in_bulk(user: User) -> bool:
    """Whether they may decide more than one scan at a time, each as ``may_decide`` says."""
    return _has(user, "bulk_scan")


def may_undo(user: User, decision: Decision) -> bool:
    """What one decided oneself takes the permission to decide so, everything else its own.

    Nothing may be undone in a field that they do not moderate.
    """
    fields = restricted_to(user)
    if fields is not None and decision.scan.field not in fields:
        return False
    own = decision.moderator_id is not None and decision.moderator_id == user.pk
    if own and may_decide(user, Decision.Action(decision.action)):
        return True
    return _has(user, "undo_decision")


def may_undo_anything(user: User) -> bool:
    """Whether there can be decisions that they may undo."""
    return _has(user, "undo_decision") or may_decide(user, Decision.Action.ESCALATE)


def may_manage_known(user: User) -> bool:
    """Whether they may revoke and reinstate known images."""
    return _has(user, "manage_known")


def may_see_decisions(user: User) -> bool:
    return _has(user, "view_decision")


def may_see_reports(user: User) -> bool:
    return _has(user, "see_reports")


def restricted_to(user: User) -> frozenset[str] | None:
    """Labels of the fields that a person moderates; None for all of them.

    Somebody in several groups moderates the fields of all; a group without rows neither restricts
    nor widens. Superusers moderate everything. Read once for an instance of the user, as
    permissions are.
    """
    if not isinstance(user, PermissionsMixin):
        return frozenset()
    if user.is_superuser:
        return None
    cached: list[str] | None = vars(user).get("_nsfw_fields")
    if cached is None:
        rows = FieldAccess.objects.filter(group__in=user.groups.all())
        cached = vars(user)["_nsfw_fields"] = list(rows.values_list("field", flat=True))
    return frozenset(cached) or None


def visible(user: User, scans: QuerySet[Scan], field: str = "field") -> QuerySet[Scan]:
    """Those in fields that they moderate; ``field``: what the scans call theirs. Asks for no
    permission."""
    fields = restricted_to(user)
    return scans if fields is None else scans.filter((f"{field}__in", sorted(fields)))


def visible_decisions(user: User, decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    fields = restricted_to(user)
    return decisions if fields is None else decisions.filter(scan__field__in=sorted(fields))


def visible_reveals(user: User, reveals: QuerySet[Reveal]) -> QuerySet[Reveal]:
    fields = restricted_to(user)
    return reveals if fields is None else reveals.filter(scan__field__in=sorted(fields))


def visible_known(user: User, known: QuerySet[KnownImage]) -> QuerySet[KnownImage]:
    """What was decided in fields that they moderate. A list of others holds for every field, and
    is for people who moderate all of them."""
    fields = restricted_to(user)
    return known if fields is None else known.filter(decision__scan__field__in=sorted(fields))


def visible_runs(user: User, runs: QuerySet[Run]) -> QuerySet[Run]:
    """Rescans of nothing but fields that they moderate: the figures of others are sums over all of
    their fields. The targets of all runs are read, as no two databases compare lists in JSON alike.
    """
    fields = restricted_to(user)
    if fields is None:
        return runs
    found = runs.values_list("pk", "targets")
    return runs.filter(
        pk__in=[pk for pk, of in found if fields.issuperset(label for label, _ in of)]
    )


def _has(user: User, name: str) -> bool:
    return isinstance(user, PermissionsMixin | AnonymousUser) and user.has_perm(
        f"django_nsfw.{name}"
    )
