"""What a moderator does to a scan: the bytes move, the row follows, a decision is written."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import router, transaction

from . import quarantine
from .exceptions import DecisionRefused
from .models import Decision, Scan
from .quarantine.rows import Row
from .scanning import scan_stored

Status = Scan.Status

APPROVABLE = (Status.HELD, Status.FLAGGED, Status.REJECTED)
REJECTABLE = (Status.HELD, Status.FLAGGED, Status.APPROVED, Status.CLEAR)


def approve(scan: Scan, *, moderator: AbstractBaseUser | None, note: str = "") -> Decision:
    """Let people see the file; what was held is released. Raises ``DecisionRefused``."""
    return _decide(scan, Decision.Action.APPROVE, moderator, note)


def reject(scan: Scan, *, moderator: AbstractBaseUser | None, note: str = "") -> Decision:
    """Keep or put the file out of reach. The bytes stay. Raises ``DecisionRefused``."""
    return _decide(scan, Decision.Action.REJECT, moderator, note)


def _decide(
    scan: Scan, action: Decision.Action, moderator: AbstractBaseUser | None, note: str
) -> Decision:
    approving = action is Decision.Action.APPROVE
    if scan.status not in (APPROVABLE if approving else REJECTABLE):
        raise DecisionRefused(
            f"A scan that is “{scan.get_status_display()}” cannot be "
            f"{'approved' if approving else 'rejected'}.",
            code="status",
        )
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
    )
    public = scan.status not in Scan.HIDDEN
    try:
        with transaction.atomic(using=db), transaction.atomic(using=row.db):
            decision.save(using=db, force_insert=True)
            _carry_out(scan, row, to, decision)
    except DecisionRefused as refused:
        scan.refresh_from_db(using=db)
        if refused.code == "changed" and public:
            scan_stored(row)  # other bytes than the moderator saw go through the queue again
        raise
    return decision


def _carry_out(scan: Scan, row: Row, to: "Scan.Status", decision: Decision) -> None:
    hidden = scan.status in Scan.HIDDEN
    journalled = {
        "action": decision.action,
        "from_status": decision.from_status,
        "to_status": decision.to_status,
        "moderator": decision.moderator_id and str(decision.moderator_id),
        "moderator_name": decision.moderator_name,
        "note": decision.note,
    }
    if to is Status.APPROVED and hidden:
        quarantine.release(scan, row, to=to, decision=journalled)
    elif to is Status.REJECTED and not hidden:
        quarantine.take_down(scan, row, to=to, decision=journalled)
    elif not scan.move(to):
        raise DecisionRefused("Somebody else settled it meanwhile.", code="settled")


def _require_same_file(scan: Scan, row: Row) -> None:
    named = row.name()
    if named is None:
        scan.move(Status.GONE)
        raise DecisionRefused("The object is gone.", code="gone")
    if named != scan.name:
        scan.move(Status.SUPERSEDED)
        if not Scan.objects.current().filter(field=scan.field, object_pk=scan.object_pk).exists():
            scan_stored(row)  # a file that came by another way than an upload
        raise DecisionRefused("The object has another file now.", code="superseded")
