"""What became of a scan → the signal that says so, after the commit."""

import copy
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from .models import Decision, Scan
from .signals import decision_undone, image_held, image_rejected, image_released
from .webhooks.outbox import write


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
    if not signal.has_listeners(Scan):
        return
    then = copy.copy(scan)  # the caller may go on to change its own
    transaction.on_commit(
        lambda: signal.send_robust(sender=Scan, scan=then, **arguments),
        using=scan._state.db,
        robust=True,
    )
