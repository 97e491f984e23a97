"""Why a decision was not taken, and who decided instead, in the language of the reader."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..exceptions import DecisionRefused
from ..models import Decision, Scan
from .words import plain

REFUSED = {
    "status": gettext_lazy("As it stands now, that cannot be decided."),
    "stale": gettext_lazy("It changed since you looked."),
    "later": gettext_lazy("It was decided upon since."),
    "undone": gettext_lazy("That is undone already."),
    "escalated": gettext_lazy("It is escalated already."),
    "settled": gettext_lazy("Somebody else settled it meanwhile."),
    "busy": gettext_lazy("Somebody else is changing it right now: try again."),
    "superseded": gettext_lazy("Its object has another file now."),
    "gone": gettext_lazy("Its object, or its field, is gone."),
    "changed": gettext_lazy("The file is not the one that was scanned."),
    "missing": gettext_lazy(
        "The file is not in its storage: have it restored from a backup. Without it nothing can be "
        "approved; what is held can be rejected."
    ),
    "pruned": gettext_lazy(
        "The bytes were deleted, by retention or on request: that cannot be put back."
    ),
}
"""``DecisionRefused.code`` → a sentence."""

TROUBLE = gettext_lazy("The storage does not do it; the log has more. Nothing was decided.")

UNFORESEEN = gettext_lazy("Something that nobody foresaw went wrong; the log has more.")

DID = {
    Decision.Action.APPROVE: gettext_lazy("%(who)s approved it."),
    Decision.Action.REJECT: gettext_lazy("%(who)s rejected it."),
    Decision.Action.ESCALATE: gettext_lazy("%(who)s escalated it."),
    Decision.Action.UNDO: gettext_lazy("%(who)s undid what was decided."),
}

DONE = {
    Decision.Action.APPROVE: gettext_lazy("Approved: %(what)s."),
    Decision.Action.REJECT: gettext_lazy("Rejected: %(what)s."),
    Decision.Action.ESCALATE: gettext_lazy("Escalated: %(what)s."),
}


def refusal(error: Exception, scan: Scan, version: str | None = None) -> str:
    """``version``: what was decided since then is said, too."""
    if not isinstance(error, DecisionRefused):
        return str(TROUBLE)
    said = [str(REFUSED.get(error.code, error))]
    if version is not None and version != scan.version:
        seen = version.rpartition(".")[2]
        since = int(seen) if seen.isdecimal() and len(seen) < 19 else 0
        made = Decision.objects.filter(scan=scan, pk__gt=since).order_by("pk")[:3]
        said += [did(decision) for decision in made]
        said.append(_("It is “%(status)s” now.") % {"status": scan.get_status_display()})
    return " ".join(said)


def did(decision: Decision) -> str:
    """Who did what, as a sentence."""
    if decision.inherited_from_id is not None:
        return _("It followed decision #%d.") % decision.inherited_from_id
    who = plain(decision.moderator_name) or _("A program")
    return str(DID[Decision.Action(decision.action)]) % {"who": who}
