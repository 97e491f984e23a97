"""Why a decision is not taken. Asked before the files are looked at, and again under the locks."""

from django.db import connections
from django.utils.translation import gettext, gettext_noop

from .exceptions import DecisionRefused
from .intent import Intent
from .models import Decision, KnownImage, Scan
from .models.decision import DecisionQuerySet
from .quarantine.locks import require_bytes

Action, Status = Decision.Action, Scan.Status

DECIDABLE = {
    Action.APPROVE: (*Scan.UNSETTLED, Status.HELD, Status.FLAGGED, Status.REJECTED),
    Action.REJECT: (
        *Scan.UNSETTLED, Status.HELD, Status.FLAGGED, Status.APPROVED, Status.CLEAR
    ),
    Action.ESCALATE: Scan.WAITING,
}  # fmt: skip
CANNOT = {
    Action.APPROVE: gettext_noop("A scan that is “%(status)s” cannot be approved."),
    Action.REJECT: gettext_noop("A scan that is “%(status)s” cannot be rejected."),
    Action.ESCALATE: gettext_noop("A scan that is “%(status)s” cannot be escalated."),
}


def require_version(scan: Scan, version: str | None) -> None:
    """``version`` is what ``scan.version`` was for whoever decides; None takes it as it is."""
    if version is None or version == f"{scan.status}.{_latest(scan)}":
        return
    seen = version.rpartition(".")[2]
    since = _since(scan, int(seen)) if seen.isdecimal() and len(seen) < 19 else ""
    said = since or gettext("it is “%(status)s” by now") % {"status": scan.get_status_display()}
    raise DecisionRefused(
        gettext("It changed since you looked: %(said)s.") % {"said": said}, code="stale"
    )


def require_latest(decision: Decision) -> None:
    """Only the newest decision that stands can be undone."""
    if decision.action == Decision.Action.UNDO:
        raise DecisionRefused(
            gettext("What was undone is decided anew, not undone again."), code="undone"
        )
    decisions = Decision.objects.using(decision._state.db)
    undo = decisions.filter(undoes=decision).first()
    if undo is not None:
        raise DecisionRefused(
            gettext("It is undone already: %(said)s.") % {"said": undo.in_words}, code="undone"
        )
    latest = decisions.latest_of(decision.scan)
    if latest != decision:
        said = _since(decision.scan, decision.pk)
        raise DecisionRefused(
            gettext("It was decided upon since: %(said)s.") % {"said": said}, code="later"
        )


def require_status(scan: Scan, intent: Intent) -> None:
    undoes = intent.undoes
    if intent.action is not Action.UNDO:
        if scan.status not in DECIDABLE[intent.action]:
            raise DecisionRefused(
                gettext(CANNOT[intent.action]) % {"status": scan.get_status_display()},
                code="status",
            )
        if intent.action is not Action.APPROVE:
            return
    elif undoes is not None and scan.status != undoes.to_status:
        raise DecisionRefused(
            gettext("It is “%(status)s” by now: there is nothing to undo.")
            % {"status": scan.get_status_display()},
            code="status",
        )
    require_bytes(scan)


def require_still_known(known: KnownImage, action: "Decision.Action", db: str) -> None:
    """Whoever reverses the decision that is followed has done so by now, or waits for this one to
    end and then takes the scan along: the last word holds for all."""
    # An upload that refers to the known image must not wait, where the database can tell.
    no_key = connections[db].features.has_select_for_no_key_update
    now = KnownImage.objects.using(db).select_for_update(no_key=no_key).filter(pk=known.pk)
    if action is Action.UNDO:
        now = now.filter(decision=known.decision_id)
    else:
        now = now.in_force().filter(outcome=action)
    if not list(now.values_list("pk")):
        raise DecisionRefused(
            gettext("What it followed was decided otherwise since."), code="settled"
        )


def _latest(scan: Scan) -> int:
    return _of(scan).order_by("-pk").values_list("pk", flat=True).first() or 0


def _since(scan: Scan, pk: int) -> str:
    return ", ".join(made.in_words for made in _of(scan).filter(pk__gt=pk).order_by("pk"))


def _of(scan: Scan) -> DecisionQuerySet:
    return Decision.objects.using(scan._state.db).filter(scan=scan.pk)
