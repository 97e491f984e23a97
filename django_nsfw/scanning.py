"""A file of an object → what to do with it, and the scan that records it."""

import logging
import uuid
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DatabaseError, connections, models, router, transaction
from django.db.models.fields.files import FieldFile

from . import runners
from .announcing import announce
from .assessment import assess
from .bodies import Body
from .exceptions import FILE_FAULTS
from .models import Scan, ShadowScore
from .models.keys import object_pk
from .models.quality import drawn
from .models.scan import NAME_LENGTH
from .policy import Action, KnownRules, Policy
from .quarantine import journal
from .quarantine.late import record_held
from .recognition import Recognition
from .registry import WatchedField, policy_for, registry
from .scores import Assessment, Failure, KnownMatch
from .shadow import drawing
from .shield import Shield
from .validators import NSFWValidator
from .verdict import Verdict

logger = logging.getLogger(__name__)

_recording = Shield()

STRICT = Policy(review=0.0, on_error="hold", known=KnownRules(exact="ignore", similar="ignore"))
"""What applies where the policy itself cannot be had: everything is held."""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What was found in one file, and what the policy makes of it."""

    assessment: Assessment
    policy: Policy
    verdict: Verdict
    match: KnownMatch | None = None

    @property
    def settled(self) -> bool:
        """Whether an earlier decision settles it, whatever its score."""
        return self.match is not None and self.policy.settles(self.match, self.assessment)

    @property
    def pending(self) -> bool:
        """Whether nobody has looked at it yet: a background worker will."""
        found = self.assessment
        return found.failure is None and found.nsfw is None and not self.settled

    @property
    def action(self) -> Action:
        if self.pending:
            return self.policy.action_until_scored()
        return self.policy.action(self.verdict)


def examine(
    file: Body,
    *,
    name: str,
    options: Mapping[str, Any],
    instance: models.Model | None,
    field_name: str,
    scores: bool = True,
) -> Examination:
    """Assess a file, and apply the policy of its field. Never raises for what is in the file.

    Without ``scores`` only its header is checked and whether it is known; a worker does the rest.
    """
    policy, broken = policy_or_strict(options, instance, field_name)
    recognition = Recognition(policy)
    earlier = examined(file)
    if earlier is not None and earlier.policy.known == policy.known:
        recognition.reuse(earlier.assessment, earlier.match)
    wanted = replace(recognition.wanted, scores=scores)
    recall = recognition.recall
    assessment = assess(file, name=name, alias=policy.detector, recall=recall, wanted=wanted)
    if broken is not None:
        assessment = assessment.failed(broken)
    match = recognition.match(assessment)
    return Examination(
        assessment=assessment,
        policy=policy,
        verdict=policy.verdict(assessment, match),
        match=match,
    )


def unscored(
    assessment: Assessment,
    failure: Failure,
    *,
    options: Mapping[str, Any],
    instance: models.Model | None,
    field_name: str,
) -> Examination:
    """What the policy makes of a file of which there will be no score."""
    policy, broken = policy_or_strict(options, instance, field_name)
    assessment = assessment.failed(broken or failure)
    verdict = policy.verdict(assessment)
    return Examination(assessment=assessment, policy=policy, verdict=verdict)


def policy_or_strict(
    options: Mapping[str, Any], instance: models.Model | None, field_name: str
) -> tuple[Policy, Failure | None]:
    """The policy for one file; a strict one, and why, where settings or a callable break."""
    try:
        return policy_for(options, instance, field_name), None
    except Exception as error:
        logger.exception("No policy for %s; the file will be held", field_name)
        return STRICT, Failure(code="policy_error", message=f"{type(error).__name__}: {error}")


def examined(file: Any) -> Examination | None:
    """What a validator found in this upload, for a view that wants to say "awaits review".

    ``file`` is the ``File`` of a form's ``cleaned_data`` or of a serializer's validated data.
    """
    return getattr(_innermost(file), "_nsfw_examination", None)


def refusal(
    value: Any,
    validator: NSFWValidator,
    *,
    watched: WatchedField | None = None,
    instance: models.Model | None = None,
) -> tuple[str, Mapping[str, Any]] | None:
    """Why ``validator`` refuses an upload, as code and parameters; None lets it pass.

    ``watched``: the field that it goes to and, where there is one, ``instance``, from who knows
    better than the validator. The validator's keys are laid over the policy of that field then.
    """
    options, field_name = validator.options, watched.field.name if watched else ""
    if watched is not None:
        options = {**watched.options, **options}
    elif isinstance(value, FieldFile):
        instance, field_name = value.instance, value.field.name
        watched = registry.get(value.field)
        options = options if watched is None else watched.options
    elif (watched := registry.behind(validator)) is not None:
        options = watched.options
    file = _innermost(value)
    found = examine(
        file,
        name=value.name or "",
        options=options,
        instance=instance,
        field_name=field_name,
        # What no watched field stands behind would never reach a worker.
        scores=watched is None or not runners.current().background,
    )
    file._nsfw_examination = found
    failure = found.assessment.failure
    if found.verdict is Verdict.REJECT:
        return "nsfw", {}
    if failure is None or found.verdict is Verdict.ALLOW or found.policy.on_error == "allow":
        return None
    if failure.code in FILE_FAULTS:
        return failure.code, failure.params
    if found.policy.on_error == "reject" or watched is None:
        return "detector_unavailable", {}
    return None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the gate did with one upload; becomes a scan once the host's row is saved.

    ``name`` is what was stored, ``original_name`` what the host asked for. ``token`` is that of
    the scan and, where something was held, of the journal entry that would record it after a
    crash. ``recorded``: a save wrote the scan, in a transaction that may have been rolled back.
    """

    examination: Examination
    name: str
    original_name: str
    quarantine_name: str = ""
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    recorded: bool = False

    @property
    def status(self) -> "Scan.Status":
        return status_of(self.examination)


def status_of(found: Examination) -> "Scan.Status":
    """Where a file stands once the policy's action was carried out."""
    if found.match is not None and found.settled:
        return Scan.Status.REJECTED if found.match.rejected else Scan.Status.APPROVED
    if found.pending:
        return Scan.Status.PENDING if found.action is Action.HOLD else Scan.Status.UNSCORED
    return {
        Action.PASS: Scan.Status.CLEAR,
        Action.FLAG: Scan.Status.FLAGGED,
        Action.HOLD: Scan.Status.HELD,
    }[found.action]


def record(
    outcome: Outcome, instance: models.Model, watched: WatchedField, *, using: str, created: bool
) -> None:
    """Write the scan beside the host's row: in its transaction where both share a database.

    All scans are in one database, the one that ``router.db_for_write(Scan)`` names, so that
    moderators have one queue. For a host in another one the scan follows when its row commits.
    """
    db = router.db_for_write(Scan)
    uploader = uploader_id(instance, outcome.examination.policy.uploader)
    scan = Scan(
        token=uuid.UUID(outcome.token),
        field=watched.label,
        object_pk=object_pk(instance, watched.field),
        object_db=using,
        name=outcome.name[:NAME_LENGTH],
        original_name=outcome.original_name[:NAME_LENGTH],
        quarantine_name=outcome.quarantine_name,
        uploader_id=user_in(db, uploader, certain=db == using),
        verdict=outcome.examination.verdict,
        status=outcome.status,
    )
    scan.take(outcome.examination.assessment)
    scan.recognise(outcome.examination.match)
    scan.sampled_at = drawn(scan, outcome.status)
    shadow = drawing.drawn(scan, outcome.examination.policy.detector)
    if db == using:
        _insert(scan, db, shadow, supersede=not created)
    else:
        transaction.on_commit(
            lambda: _insert(scan, db, shadow, supersede=not created), using=using, robust=True
        )


def uploader_id(instance: models.Model | None, path: str) -> Any:
    """Primary key of the user at the end of ``path``; None where the path leads nowhere."""
    if instance is None or not path:
        return None
    *hops, last = path.split("__")
    try:
        target: Any = instance
        for hop in hops:
            target = getattr(target, hop)
            if target is None:
                return None
        # The column, not the object behind it: that would cost the host a query.
        return getattr(target, target._meta.get_field(last).attname)
    except Exception:
        logger.exception("The uploader %r of %s cannot be found", path, instance._meta.label)
        return None


def is_recorded(token: uuid.UUID | str, db: str) -> bool:
    """Whether the scan of an outcome is in the database, and not rolled back."""
    return Scan.objects.using(db).filter(token=token).exists()


def user_in(db: str, pk: Any, *, certain: bool = False) -> Any:
    """``pk``, where ``db`` has such a user; otherwise None, for nothing could refer to them."""
    if pk is None or certain:
        return pk
    return pk if get_user_model()._base_manager.using(db).filter(pk=pk).exists() else None


def _insert(scan: Scan, db: str, shadow: ShadowScore | None, *, supersede: bool) -> None:
    # Two rows are one transaction, even where the host has none.
    together = shadow is not None and not connections[db].in_atomic_block
    try:
        with transaction.atomic(using=db) if together else nullcontext(), _recording(db):
            if scan.quarantine_name:
                record_held(scan, db)
            else:
                scan.save(using=db, force_insert=True)
                if supersede:
                    Scan.objects.using(db).supersede(scan)
            announce(scan, was=None)
            if shadow is not None:
                drawing.write(shadow, scan, db)
    except DatabaseError:
        if connections[db].needs_rollback:
            raise  # the host's transaction is lost either way, and must not look alive
        # The host's row is saved. A held file has its journal entry, from which the sweep
        # records the scan; a clear one is found by the next rescan.
        logger.exception("The scan of %s %s was not recorded", scan.field, scan.object_pk)
        return
    if scan.status in Scan.UNSETTLED:
        runners.score_on_commit(scan.pk, using=db)
    if scan.quarantine_name:
        transaction.on_commit(lambda: journal.remove(scan.token.hex), using=db, robust=True)


def _innermost(file: Any) -> Any:
    """The upload itself: a ``FieldFile`` is made anew on every assignment."""
    return file.file if isinstance(file, FieldFile) else file
