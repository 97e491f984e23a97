"""A decision's bytes go where it wants them, where they are the ones that it is about."""

from django.utils.translation import gettext

from . import quarantine
from .bodies import digest
from .exceptions import DecisionRefused
from .models import Decision, Scan
from .quarantine.faults import storage_cannot
from .quarantine.hold import CHANGED, MISSING
from .quarantine.locks import require_named
from .quarantine.rows import SETTLED, Row
from .stored import scan_stored


def carry_out(scan: Scan, row: Row, decision: Decision) -> None:
    """Change the scan to ``decision.to_status``, the bytes with it. Under the lock of both."""
    to = Scan.Status(decision.to_status)
    if scan.status not in Scan.HIDDEN and to not in Scan.HIDDEN:
        _require_same_bytes(scan, row)  # nothing moves, and so nothing else would look at them
    quarantine.bring(scan, row, to=to, decision=_journalled(decision))


def require_same_file(scan: Scan, row: Row) -> None:
    """Where the object has another file, or is gone, the scan learns of it."""
    named = row.name()
    if named is None:
        scan.move(Scan.Status.GONE)
    elif named != scan.name:
        if not scan.move(Scan.Status.SUPERSEDED):
            scan.refresh_from_db()
            if scan.status not in Scan.PAST:
                raise DecisionRefused(gettext(SETTLED), code="settled")
        others = Scan.objects.using(scan._state.db).current().filter(field=scan.field)
        if not others.filter(object_pk=scan.object_pk, object_db=scan.object_db).exists():
            scan_stored(row)  # a file that came by another way than an upload
    require_named(scan, named)


def _journalled(decision: Decision) -> dict[str, object]:
    """What the sweep writes the decision from, where the process dies between two databases."""
    moderator, batch = decision.moderator_id, decision.batch
    return {
        "action": decision.action,
        "from_status": decision.from_status,
        "to_status": decision.to_status,
        "moderator": moderator and str(moderator),
        "moderator_name": decision.moderator_name,
        "note": decision.note,
        "inherited_from_id": decision.inherited_from_id,
        "undoes_id": decision.undoes_id,
        "batch": batch and str(batch),
    }


def _require_same_bytes(scan: Scan, row: Row) -> None:
    try:
        with (
            storage_cannot("give the file", field=scan.field),
            row.storage.open(scan.name) as file,
        ):
            found, _ = digest(file)
    except FileNotFoundError as error:
        raise DecisionRefused(gettext(MISSING) % {"name": scan.name}, code="missing") from error
    if found != scan.sha256:
        raise DecisionRefused(gettext(CHANGED), code="changed")
