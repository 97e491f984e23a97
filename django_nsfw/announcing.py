"""What became of a scan → the signal that says so, after the commit."""

import copy
import logging
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from .models import Decision, Scan
from .signals import decision_undone, image_held, image_rejected, image_released
from .webhooks.outbox import write

logger = logging.getLogger(__name__)


def announce(scan: Scan, *, was: str | None, decision: Decision | None = None) -> None:
    """``scan`` stands at its status now, and stood at ``was``; None for one that is new.

    Called in the transaction that changed it, of which nothing is said if it is rolled back.
    """
    if scan.status == was:
        return
    if scan.status == Scan.Status.HELD:
        _send(image_held, scan, decision=decision)
    elif scan.status == Scan.Status.REJECTED:
        _send(image_rejected, scan, decision=decision)
    elif was in Scan.HIDDEN and scan.status not in Scan.PAST:
        _send(image_released, scan, decision=decision)


def announce_undo(scan: Scan, undo: Decision) -> None:
    _send(decision_undone, scan, decision=undo, undone=undo.undoes)


_EVENTS = {
    image_held: "image.held",
    image_released: "image.released",
    image_rejected: "image.rejected",
    decision_undone: "decision.undone",
}


def _send(signal: Signal, scan: Scan, **arguments: Any) -> None:
    """Webhooks are written down here and now, so that a crash after the commit loses none."""
    write(_EVENTS[signal], scan, **arguments)
    if not (signal.has_listeners(Scan) or logger.isEnabledFor(logging.INFO)):
        return
    then = copy.copy(scan)  # the caller may go on to change its own
    transaction.on_commit(
        lambda: _tell(signal, then, **arguments), using=scan._state.db, robust=True
    )


def _tell(signal: Signal, scan: Scan, **arguments: Any) -> None:
    signal.send_robust(sender=Scan, scan=scan, **arguments)
    decision = arguments["decision"]
    logger.info(
        "Scan %s: %s",
        scan.pk,
        _EVENTS[signal],
        extra={
            "nsfw_event": _EVENTS[signal],
            "nsfw_scan": scan.pk,
            "nsfw_field": scan.field,
            "nsfw_object": scan.object_pk,
            "nsfw_sha256": scan.sha256,
            "nsfw_score": scan.nsfw,
            "nsfw_verdict": scan.verdict,
            "nsfw_decision": decision.pk if decision else None,
            "nsfw_moderator": decision.moderator_id if decision else None,
        },
    )
