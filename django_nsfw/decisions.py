"""What a moderator does to a scan: the bytes move, the row follows, a decision is written."""

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import OperationalError, connections, router, transaction
from django.utils import timezone
from django.utils.translation import gettext

from . import runners
from .announcing import announce, announce_undo
from .carrying_out import carry_out, require_same_file
from .exceptions import DecisionRefused, NSFWError
from .intent import Intent, handling_ms
from .models import Claim, Decision, KnownImage, Scan
from .models.known import at_odds
from .quarantine.locks import is_busy, lock_unchanged, require_named
from .quarantine.rows import Row, follow
from .refusing import require_latest, require_status, require_still_known, require_version
from .stored import scan_stored

logger = logging.getLogger(__name__)

Action, Status = Decision.Action, Scan.Status

FOLLOWERS_AT_ONCE = 100
"""Files that move right after a decision which others inherited; the sweep moves the rest."""


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What came of one decision of a batch: its undo, or the error that says why it stands."""

    decision: Decision
    undo: Decision | None = None
    error: Exception | None = None


def approve(
    scan: Scan,
    *,
    moderator: AbstractBaseUser | None,
    note: str = "",
    version: str | None = None,
    batch: uuid.UUID | None = None,
) -> Decision:
    """Let people see the file; what was held is released. Raises ``DecisionRefused``.

    ``version`` is ``scan.version`` as the moderator saw it: if it is another one by now, the
    decision is refused. ``batch`` is common to what is decided in one go, and undone as such.
    """
    to, action = Status.APPROVED, Action.APPROVE
    return _decide(
        scan,
        Intent(action=action, to=to, moderator=moderator, note=note, version=version, batch=batch),
    )


def reject(
    scan: Scan,
    *,
    moderator: AbstractBaseUser | None,
    note: str = "",
    version: str | None = None,
    batch: uuid.UUID | None = None,
) -> Decision:
    """Keep or put the file out of reach. The bytes stay. As ``approve``."""
    to, action = Status.REJECTED, Action.REJECT
    return _decide(
        scan,
        Intent(action=action, to=to, moderator=moderator, note=note, version=version, batch=batch),
    )


def escalate(
    scan: Scan,
    *,
    moderator: AbstractBaseUser | None,
    note: str = "",
    version: str | None = None,
    batch: uuid.UUID | None = None,
) -> Decision:
    """Mark a scan that waits for somebody who knows better. It goes on waiting. As ``approve``."""
    to, action = Status(scan.status), Action.ESCALATE
    return _decide(
        scan,
        Intent(action=action, to=to, moderator=moderator, note=note, version=version, batch=batch),
    )


def undo(
    decision: Decision,
    *,
    moderator: AbstractBaseUser | None,
    note: str = "",
    version: str | None = None,
    batch: uuid.UUID | None = None,
) -> Decision:
    """Bring the file, and its scans, back to where they stood before ``decision``.

    That is the newest one about its scan that stands; others are refused. What inherited it goes
    back after the commit. Returns the undo, a decision of its own. Raises ``DecisionRefused``.
    """
    db = router.db_for_write(Scan)
    decision = Decision.objects.using(db).select_related("scan").get(pk=decision.pk)
    require_version(decision.scan, version)
    require_latest(decision)
    intent = Intent(
        action=Action.UNDO,
        to=_where_it_stood(decision, decision.scan),
        moderator=moderator,
        note=note,
        version=version,
        batch=batch,
        undoes=decision,
    )
    return _decide(decision.scan, intent)


def undo_batch(
    batch: uuid.UUID, *, moderator: AbstractBaseUser | None, note: str = ""
) -> Iterator[Undone]:
    """Undo what still stands of what was decided in one go, the newest first and each on its own:
    one that is refused does not keep the others. The undos have a batch in common, too."""
    db = router.db_for_write(Scan)
    again = uuid.uuid4()
    stands = Decision.objects.using(db).filter(batch=batch, undone_by=None)
    made = stands.exclude(action=Action.UNDO)
    for decision in list(made.order_by("-pk")):
        undos = Decision.objects.using(db).filter(batch=again, undoes=decision)
        if (along := undos.first()) is not None:  # with another object that names the same file
            yield Undone(decision=decision, undo=along)
            continue
        try:
            undone = undo(decision, moderator=moderator, note=note, batch=again)
        except (NSFWError, OSError) as error:
            yield Undone(decision=decision, error=error)
        else:
            yield Undone(decision=decision, undo=undone)


def inherit(scan: Scan, *, dry_run: bool = False) -> Decision | None:
    """Let a scan that a known image settled go where that one went since: back into the queue,
    where the decision behind it was undone.

    Its decision names no moderator but the decision that it follows. None where there is nothing
    to follow, and in a dry run. Raises ``DecisionRefused``, and what the storages raise.
    """
    known, status = scan.known, Scan.Status(scan.status)
    if known is None or known.decision is None or status not in KnownImage.SETTLES.values():
        return None
    undoes = None
    if known.is_undone:
        action, to = Action.UNDO, Status.HELD
        latest = Decision.objects.using(router.db_for_write(Scan)).latest_of(scan)
        if latest is not None and latest.to_status == status and latest.action != Action.ESCALATE:
            undoes = latest
    else:
        action = Action(known.outcome)
        to = KnownImage.SETTLES[action]
    if to is status:
        return None
    if dry_run:
        require_named(scan, Row.of(scan).name())
        return None
    return _decide(scan, Intent(action=action, to=to, undoes=undoes, following=known))


def follow_known(known: KnownImage, *, limit: int = FOLLOWERS_AT_ONCE) -> None:
    """Each in a transaction of its own. What is not done here, or fails, is left to the sweep."""
    scans = at_odds(known._state.db or router.db_for_write(Scan)).filter(known=known)
    for scan in scans.select_related("known__decision").order_by("pk")[:limit]:
        try:
            inherit(scan)
        except DecisionRefused as refused:  # somebody decided meanwhile
            logger.info("%s of %s did not follow: %s", scan.field, scan.object_pk, refused)
        except Exception:
            logger.exception("%s of %s did not follow; nsfw_sweep will", scan.field, scan.object_pk)


def _decide(scan: Scan, intent: Intent) -> Decision:
    db = router.db_for_write(Scan)
    scan._state.db = db  # read from a replica; if that was behind, the locks below find out
    require_version(scan, intent.version)
    require_status(scan, intent)
    row = Row.of(scan)
    require_same_file(scan, row)
    was, before = scan.status, scan.name
    decision = intent.decision(scan, was=was, to=intent.to, undoes=intent.undoes)
    try:
        with transaction.atomic(using=db), transaction.atomic(using=row.db):
            now = lock_unchanged(scan, row, opened=intent.opened)
            require_version(scan, intent.version)
            if intent.undoes is not None:
                require_latest(intent.undoes)
            if intent.following is not None:
                require_still_known(intent.following, intent.action, db)
            decision.handling_ms = handling_ms(now.opened, decision.created_at)
            decision.save(using=db, force_insert=True)
            if intent.marks:
                _mark(scan, intent)
                if intent.undoes is not None:
                    announce_undo(scan, decision)
                return decision
            carry_out(scan, row, decision)
            _done(scan, was, decision)
            for other, stood in follow(scan, before=before):
                _say_too(intent, scan, other, stood)
            if intent.following is None:
                _remember(decision, scan, db)
    except DecisionRefused as refused:
        scan.refresh_from_db(using=db)
        if refused.code == "changed" and was not in Scan.HIDDEN:
            scan_stored(row)  # other bytes than the moderator saw go through the queue again
        if refused.code == "settled":
            require_version(scan, intent.version)  # says by whom
        raise
    except OperationalError as error:
        if not is_busy(error) or any(connections[name].needs_rollback for name in (db, row.db)):
            raise  # the request's whole transaction is lost, and must not look alive
        raise DecisionRefused(
            gettext("Somebody else is changing it right now: look again."), code="busy"
        ) from error
    return decision


def _where_it_stood(decision: Decision, scan: Scan) -> "Scan.Status":
    """What waited for a score then, and has one by now, waits for a moderator on its side."""
    stood = Status(decision.from_status)
    if stood in Scan.UNSETTLED and scan.scored_at is not None:
        return Status.HELD if stood in Scan.HIDDEN else Status.FLAGGED
    return stood


def _done(scan: Scan, was: str, decision: Decision) -> None:
    """The scan stands where ``decision`` put it, and nobody needs to have it open any more."""
    announce(scan, was=was, decision=decision)
    Claim.objects.using(scan._state.db).filter(scan_id=scan.pk).delete()
    if decision.action != Action.UNDO:
        return
    announce_undo(scan, decision)
    db = scan._state.db or "default"
    this = Scan.objects.using(db).filter(pk=scan.pk)
    if scan.status in Scan.UNSETTLED:
        this.update(attempts=0, lease_until=None)
        runners.score_on_commit(scan.pk, using=db)
    elif scan.status in Scan.WAITING:
        latest = Decision.objects.using(db).latest_of(scan)
        if latest is not None and latest.action == Action.ESCALATE:
            scan.escalated_at = latest.created_at
            this.update(escalated_at=scan.escalated_at)


def _mark(scan: Scan, intent: Intent) -> None:
    escalating = intent.action is Action.ESCALATE
    this = Scan.objects.using(scan._state.db).filter(pk=scan.pk)
    at = timezone.now() if escalating else None
    if not this.filter(escalated_at__isnull=escalating).update(escalated_at=at):
        raise DecisionRefused(gettext("It is escalated already."), code="escalated")
    scan.escalated_at = at


def _say_too(intent: Intent, scan: Scan, other: Scan, stood: str) -> None:
    """The same file belongs to another object as well, and is settled there with it."""
    db, undoes = scan._state.db, None
    if intent.undoes is not None:
        latest = Decision.objects.using(db).latest_of(other)
        if latest and (latest.action, latest.to_status) == (intent.undoes.action, stood):
            undoes = latest
            back = _where_it_stood(latest, other)
            if back != other.status and (back in Scan.HIDDEN) == (scan.status in Scan.HIDDEN):
                other.move(back)
    made = intent.decision(other, was=stood, to=other.status, undoes=undoes)
    made.save(using=db, force_insert=True)
    _done(other, stood, made)


def _remember(decision: Decision, scan: Scan, db: str) -> None:
    """The bytes are known from here on; what inherited the opposite follows after the commit."""
    known, changed = KnownImage.objects.using(db).remember(decision, scan)
    if known is not None and changed:
        transaction.on_commit(lambda: follow_known(known), using=db, robust=True)
