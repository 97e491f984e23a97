"""What a moderator does to a scan: the bytes move, the row follows, a decision is written."""

import logging

from django.contrib.auth.models import AbstractBaseUser
from django.db import OperationalError, connections, router, transaction

from . import quarantine
from .assessment import digest
from .exceptions import DecisionRefused
from .models import Decision, KnownImage, Scan
from .models.known import at_odds
from .quarantine.faults import storage_cannot
from .quarantine.hold import CHANGED
from .quarantine.locks import is_busy, lock
from .quarantine.rows import Row, follow
from .stored import scan_stored

logger = logging.getLogger(__name__)

Status = Scan.Status

FOLLOWERS_AT_ONCE = 100
"""Files that move right after a decision which others inherited; the sweep moves the rest."""

APPROVABLE = (Status.HELD, Status.FLAGGED, Status.REJECTED)
REJECTABLE = (Status.HELD, Status.FLAGGED, Status.APPROVED, Status.CLEAR)


def approve(scan: Scan, *, moderator: AbstractBaseUser | None, note: str = "") -> Decision:
    """Let people see the file; what was held is released. Raises ``DecisionRefused``."""
    return _decide(scan, Decision.Action.APPROVE, moderator, note)


def reject(scan: Scan, *, moderator: AbstractBaseUser | None, note: str = "") -> Decision:
    """Keep or put the file out of reach. The bytes stay. Raises ``DecisionRefused``."""
    return _decide(scan, Decision.Action.REJECT, moderator, note)


def inherit(scan: Scan) -> Decision | None:
    """Let a scan that a known image settled go where that one went since.

    Its decision names no moderator but the decision that it follows. None where there is nothing
    to follow. Raises ``DecisionRefused``, and what the storages raise.
    """
    known, status = scan.known, Scan.Status(scan.status)
    if known is None or known.decision is None or status not in KnownImage.SETTLES.values():
        return None
    action = Decision.Action(known.outcome)
    if KnownImage.SETTLES[action] is status:
        return None
    return _decide(scan, action, None, "", inherited_from=known.decision)


def _decide(
    scan: Scan,
    action: Decision.Action,
    moderator: AbstractBaseUser | None,
    note: str,
    *,
    inherited_from: Decision | None = None,
) -> Decision:
    approving = action is Decision.Action.APPROVE
    if scan.status not in (APPROVABLE if approving else REJECTABLE):
        raise DecisionRefused(
            f"A scan that is “{scan.get_status_display()}” cannot be "
            f"{'approved' if approving else 'rejected'}.",
            code="status",
        )
    if approving:
        _require_bytes(scan)
    db = router.db_for_write(Scan)
    row = Row.of(scan)
    _require_same_file(scan, row)
    to = Status.APPROVED if approving else Status.REJECTED
    decision = Decision(
        scan=scan,
        action=action,
        from_status=scan.status,
        to_status=to,
        sha256=scan.sha256,
        moderator_id=moderator.pk if moderator else None,
        moderator_name=moderator.get_username() if moderator else "",
        note=note,
        inherited_from=inherited_from,
    )
    public, before = scan.status not in Scan.HIDDEN, scan.name
    try:
        with transaction.atomic(using=db), transaction.atomic(using=row.db):
            _require_unchanged(scan, lock(scan, row), db)
            decision.save(using=db, force_insert=True)
            _carry_out(scan, row, to, decision)
            for other, status in follow(scan, before=before):
                _say_too(decision, other, status, db)
            if inherited_from is None:
                _remember(decision, scan, db)
    except DecisionRefused as refused:
        scan.refresh_from_db(using=db)
        if refused.code == "changed" and public:
            scan_stored(row)  # other bytes than the moderator saw go through the queue again
        raise
    except OperationalError as error:
        if not is_busy(error) or any(connections[name].needs_rollback for name in (db, row.db)):
            raise  # the request's whole transaction is lost, and must not look alive
        raise DecisionRefused(
            "Somebody else is changing it right now: look again.", code="busy"
        ) from error
    return decision


def _remember(decision: Decision, scan: Scan, db: str) -> None:
    """The bytes are known from here on; what inherited the opposite follows after the commit."""
    known, changed = KnownImage.objects.using(db).learn(decision, scan)
    if changed:
        transaction.on_commit(lambda: follow_known(known), using=db, robust=True)


def follow_known(known: KnownImage, *, limit: int = FOLLOWERS_AT_ONCE) -> None:
    """Each in a transaction of its own. What is not done here, or fails, is left to the sweep."""
    scans = at_odds(known._state.db or router.db_for_write(Scan)).filter(known=known)
    for scan in scans.select_related("known__decision").order_by("pk")[:limit]:
        try:
            inherit(scan)
        except Exception:
            logger.exception("%s of %s did not follow; nsfw_sweep will", scan.field, scan.object_pk)


def _say_too(decision: Decision, other: Scan, status: str, db: str) -> None:
    """The same file belongs to another object as well, and is settled there with it."""
    Decision(
        scan=other,
        action=decision.action,
        from_status=status,
        to_status=decision.to_status,
        sha256=other.sha256,
        moderator_id=decision.moderator_id,
        moderator_name=decision.moderator_name,
        note=decision.note,
        inherited_from_id=decision.inherited_from_id,
    ).save(using=db, force_insert=True)


def _carry_out(scan: Scan, row: Row, to: "Scan.Status", decision: Decision) -> None:
    hidden = scan.status in Scan.HIDDEN
    journalled = {
        "action": decision.action,
        "from_status": decision.from_status,
        "to_status": decision.to_status,
        "moderator": decision.moderator_id and str(decision.moderator_id),
        "moderator_name": decision.moderator_name,
        "note": decision.note,
        "inherited_from_id": decision.inherited_from_id,
    }
    if to is Status.APPROVED and hidden:
        quarantine.release(scan, row, to=to, decision=journalled)
        return
    if to is Status.REJECTED and not hidden:
        quarantine.take_down(scan, row, to=to, decision=journalled)
        return
    if not hidden:
        _require_same_bytes(scan, row)
    if not scan.move(to):
        raise DecisionRefused("Somebody else settled it meanwhile.", code="settled")


def _require_unchanged(scan: Scan, named: str | None, db: str) -> None:
    """Before any bytes move, and under the locks: both stay as they are until the end."""
    now = Scan.objects.using(db).filter(pk=scan.pk)
    if connections[db].features.has_select_for_update:
        now = now.select_for_update()  # the newest, where a transaction repeats what it read
    found = now.defer("crops").first()
    if found is not None and found.status == Status.SUPERSEDED:
        raise DecisionRefused("The object has another file now.", code="superseded")
    if found is None or (found.status, found.name) != (scan.status, scan.name):
        raise DecisionRefused("Somebody else settled it meanwhile.", code="settled")
    _require_bytes(found)
    if named is None:
        raise DecisionRefused("The object is gone.", code="gone")
    if named != scan.name:
        raise DecisionRefused("The object has another file now.", code="superseded")


def _require_bytes(scan: Scan) -> None:
    """Retention, or a person who erased it, may have been faster."""
    if scan.bytes_discarded:
        raise DecisionRefused(
            "What was held is deleted for good: there is nothing left to put back.", code="pruned"
        )


def _require_same_bytes(scan: Scan, row: Row) -> None:
    try:
        with (
            storage_cannot("give the file", field=scan.field),
            row.storage.open(scan.name) as file,
        ):
            found, _ = digest(file)
    except FileNotFoundError as error:
        raise DecisionRefused(f"The file {scan.name!r} is missing.", code="missing") from error
    if found != scan.sha256:
        raise DecisionRefused(CHANGED, code="changed")


def _require_same_file(scan: Scan, row: Row) -> None:
    named = row.name()
    if named is None:
        scan.move(Status.GONE)
        raise DecisionRefused("The object is gone.", code="gone")
    if named != scan.name:
        if not scan.move(Status.SUPERSEDED):
            scan.refresh_from_db()
            if scan.status not in Scan.PAST:
                raise DecisionRefused("Somebody else settled it meanwhile.", code="settled")
        others = Scan.objects.using(scan._state.db).current().filter(field=scan.field)
        if not others.filter(object_pk=scan.object_pk, object_db=scan.object_db).exists():
            scan_stored(row)  # a file that came by another way than an upload
        raise DecisionRefused("The object has another file now.", code="superseded")
