"""Settled pictures by their hashes, so that they are recognised when they come back."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .batches import BatchedQuerySet
from .decision import Decision
from .exact import ExactCharField
from .scan import Scan, ScanQuerySet

if TYPE_CHECKING:
    from ..scores import KnownMatch

MAX_DISTANCE = 31
"""Bits of 256 in which two PDQ hashes of one picture differ at most: the confident-match
threshold of Facebook's ThreatExchange (``PDQ_CONFIDENT_MATCH_THRESHOLD``)."""

MIN_QUALITY = 50
"""Below it a picture is too flat for its hash to say anything (``PDQ_QUALITY_THRESHOLD`` there)."""

SLOTS, SLOT_BITS = 16, 16

SOURCE_LENGTH = 100


class KnownImageQuerySet(BatchedQuerySet["KnownImage"]):
    def in_force(self) -> Self:
        return self.filter(revoked_at__isnull=True)

    def exact_among(self, sha256s: Iterable[str]) -> "dict[str, KnownMatch]":
        """The entries for the same bytes, for many at once. One query.

        One's own decision comes before the lists of others, and in these a rejection first.
        """
        from ..scores import KnownMatch

        rows = self.in_force().filter(sha256__in=list(sha256s))
        found = list(rows.values_list("sha256", "pk", "outcome", "source"))
        found.sort(key=lambda row: (row[3] != "", not _rejects(row[2]), -row[1]), reverse=True)
        return {
            sha256: KnownMatch(known=pk, rejected=_rejects(outcome))
            for sha256, pk, outcome, _ in found  # the best comes last, and stays
        }

    def similar(self, hashes: Iterable[str]) -> "KnownMatch | None":
        """The entry whose PDQ hash is within ``MAX_DISTANCE`` of any of ``hashes``. One query.

        Exact: 31 bits over sixteen slots leave one slot with at most one of them (pigeonhole), so
        every match has a slot in common with the 1 + 16 neighbours of one of the sixteen values,
        272 keys a hash. This is multi-index hashing: Norouzi, Punjani and Fleet, *Fast Search in
        Hamming Space with Multi-Index Hashing*, CVPR 2012. What has a key in common is then
        compared bit by bit. A rejection comes before an approval, then the nearest, then one's
        own decision, then the newest.
        """
        from ..scores import KnownMatch

        wanted = [int(hash, 16) for hash in hashes]
        keys = {key for value in wanted for key in neighbours(value)}
        rows = (
            KnownSlot.objects.using(self.db)
            .filter(key__in=sorted(keys), known__revoked_at__isnull=True)
            .values_list("known_id", "known__pdq", "known__outcome", "known__source")
        )
        best: tuple[bool, int, bool, int] | None = None
        for pk, pdq, outcome, source in rows.iterator(chunk_size=2000):
            other = int(pdq, 16)
            distance = min((value ^ other).bit_count() for value in wanted)
            if distance <= MAX_DISTANCE:
                found = (not _rejects(outcome), distance, source != "", -pk)
                best = found if best is None else min(best, found)
        if best is None:
            return None
        return KnownMatch(known=-best[3], rejected=not best[0], distance=best[1])

    def remember(self, decision: Decision, scan: Scan) -> tuple["KnownImage | None", bool]:
        """Learn or unlearn what a moderator did. ``bool``: what follows it is at odds with it."""
        if decision.action == Decision.Action.UNDO:
            return self.unlearn(decision)
        return self.learn(decision, scan)

    def learn(self, decision: Decision, scan: Scan) -> tuple["KnownImage", bool]:
        """What a moderator decided about the bytes of ``scan``; the newest decision wins.

        Returns the entry, and whether its outcome changed. Runs in the caller's transaction.
        """
        outcome = KnownImage.Outcome(decision.action)
        quality = scan.pdq_quality if scan.pdq else 0
        known, created = self.select_for_update().get_or_create(
            key=key_of(decision.sha256, ""),
            source="",
            defaults={
                "sha256": decision.sha256,
                "pdq": scan.pdq,
                "quality": quality,
                "outcome": outcome,
                "decision": decision,
            },
        )
        if created:
            known.index()
            return known, False
        newer = known.decision_id is not None and known.decision_id > decision.pk
        # One that was undone says nothing; the decision was taken while that was done.
        if newer and not known.is_undone:
            return known, False
        changed = known.outcome != outcome
        known.outcome, known.decision, known.revoked_at = outcome, decision, None
        hashed = bool(scan.pdq and not known.pdq)
        if hashed:
            known.pdq, known.quality = scan.pdq, quality
        known.save(using=self.db)
        if hashed:
            known.index()
        return known, changed

    def unlearn(self, undo: Decision) -> tuple["KnownImage | None", bool]:
        """What a moderator took back is not known any more: the decision before it is.

        Where there is none the entry names the undo, and is revoked. Returns the entry, and
        whether what it settles changed. Runs in the caller's transaction, after ``undo`` and
        those of the copies are written.
        """
        known = self.select_for_update().filter(key=key_of(undo.sha256, ""), source="").first()
        if known is None or known.decision_id is None:
            return known, False
        decisions = Decision.objects.using(self.db)
        if known.is_undone or decisions.standing().filter(pk=known.decision_id).exists():
            return known, False  # it says what somebody else decided about the same bytes
        own = decisions.standing().filter(
            sha256=undo.sha256, inherited_from=None, action__in=KnownImage.Outcome.values
        )
        before = own.order_by("-pk").first()
        if before is None:
            known.decision, known.revoked_at = undo, known.revoked_at or timezone.now()
            changed = True
        else:
            changed = known.outcome != before.action
            known.decision, known.outcome = before, before.action
        known.save(using=self.db, update_fields=["decision", "outcome", "revoked_at"])
        return known, changed

    def revoke(self) -> int:
        """Match no upload any more, until the next decision about the same bytes."""
        return self.in_force().update(revoked_at=timezone.now())

    def reinstate(self) -> int:
        """Match again what was revoked."""
        return self.reinstatable().update(revoked_at=None)

    def reinstatable(self) -> Self:
        """What was revoked; but for what was undone, which says nothing."""
        revoked = self.filter(revoked_at__isnull=False)
        return revoked.exclude(decision__action=Decision.Action.UNDO)


class KnownImage(models.Model):
    """One settled picture: by a decision of this site, or by a list of others (``source``)."""

    class Outcome(models.TextChoices):
        APPROVE = "approve", _("approved")
        REJECT = "reject", _("rejected")

    SETTLES: Mapping[str, Scan.Status] = {
        Outcome.APPROVE: Scan.Status.APPROVED,
        Outcome.REJECT: Scan.Status.REJECTED,
    }

    key = ExactCharField(_("key"), max_length=66, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    pdq = models.CharField(_("PDQ hash"), max_length=64, blank=True)
    quality = models.PositiveSmallIntegerField(_("quality of the PDQ hash"), default=0)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)
    decision = models.ForeignKey(
        Decision,
        verbose_name=_("decision"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="known_images",
    )
    source = ExactCharField(_("list"), max_length=SOURCE_LENGTH, blank=True)
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("known since"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = KnownImageQuerySet.as_manager()

    class Meta:
        verbose_name = _("known image")
        verbose_name_plural = _("known images")
        permissions = [("manage_known", "Can revoke known images")]
        constraints = [
            models.UniqueConstraint(fields=["key", "source"], name="nsfw_known_key_of_source"),
        ]
        indexes = [models.Index(fields=["sha256"], name="nsfw_known_bytes")]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, {self.origin}"

    @property
    def is_undone(self) -> bool:
        """Whether its last decision was taken back, and no other one was left."""
        return self.decision is not None and self.decision.action == Decision.Action.UNDO

    @property
    def origin(self) -> str:
        """Whose word it is."""
        if self.source:
            return _("list “%s”") % str(self.source)
        if self.decision is None:
            return "–"
        name = self.decision.moderator_name
        said = (_("undone, decision #%d") if self.is_undone else _("decision #%d")) % (
            self.decision.pk
        )
        return _("%(decision)s by %(name)s") % {"decision": said, "name": name} if name else said

    def said(self, distance: int | None) -> str:
        """What it means for a picture at that distance; None: with the same bytes."""
        if distance is None:
            words = _("%(outcome)s, the same bytes, %(origin)s")
        else:
            words = _("%(outcome)s, distance %(distance)d, %(origin)s")
        outcome = self.get_outcome_display()
        return words % {"outcome": outcome, "distance": distance, "origin": self.origin}

    def index(self) -> None:
        """Make it findable by its hash; one that says nothing is not. Idempotent."""
        db = self._state.db
        KnownSlot.objects.using(db).filter(known=self).delete()
        KnownSlot.objects.using(db).bulk_create(self.hashed_slots())

    def hashed_slots(self) -> "Iterator[KnownSlot]":
        if self.pdq and self.quality >= MIN_QUALITY:
            for key in slot_keys(int(self.pdq, 16)):
                yield KnownSlot(known=self, key=key)


class KnownSlot(models.Model):
    """One sixteenth of a PDQ hash, as ``slot · 65536 + value``: 0 to 1,048,575."""

    known = models.ForeignKey(
        KnownImage, verbose_name=_("known image"), on_delete=models.CASCADE, related_name="slots"
    )
    key = models.PositiveIntegerField(_("key"))

    class Meta:
        verbose_name = _("slot of a known image")
        verbose_name_plural = _("slots of known images")
        default_permissions = ()
        indexes = [models.Index(fields=["key", "known"], name="nsfw_known_slot")]

    def __str__(self) -> str:
        return f"{self.known_id}: {self.key}"


def at_odds(db: str) -> ScanQuerySet:
    """Scans that a known image once settled, and that stand otherwise than it says now.

    Whoever was decided upon by a moderator stays where that put them, as long as it is not undone;
    a moderator who undid what was inherited decided, too. What retention has deleted cannot come
    back.
    """
    action, says, stands = Decision.Action, KnownImage.Outcome, Scan.Status
    by_moderators = Decision.objects.filter(scan=OuterRef("pk"), inherited_from__isnull=True)
    own = by_moderators.standing().filter(action__in=says.values)
    undid = by_moderators.filter(action=action.UNDO, undoes__inherited_from__isnull=False)
    kept = Q(discard_at=None, pruned_at=None)
    in_force = Q(known__revoked_at__isnull=True, known__decision__isnull=False)
    undone = Q(known__decision__action=action.UNDO)
    return Scan.objects.using(db).filter(
        Q(in_force, status=stands.APPROVED, known__outcome=says.REJECT)
        | Q(in_force, kept, status=stands.REJECTED, known__outcome=says.APPROVE)
        | Q(undone, kept, status__in=KnownImage.SETTLES.values()),
        ~Exists(own),
        ~Exists(undid),
    )


def key_of(sha256: str, pdq: str) -> str:
    """What an entry is an entry for: bytes, or where no list says which, a picture."""
    return f"s:{sha256}" if sha256 else f"p:{pdq}"


def slot_keys(pdq: int) -> list[int]:
    mask = (1 << SLOT_BITS) - 1
    return [(slot << SLOT_BITS) | ((pdq >> (slot * SLOT_BITS)) & mask) for slot in range(SLOTS)]


def neighbours(pdq: int) -> Iterator[int]:
    """The keys of every slot, and of what differs from it in one bit: 16 · (1 + 16) = 272."""
    for key in slot_keys(pdq):
        yield key
        for bit in range(SLOT_BITS):
            yield key ^ (1 << bit)


def _rejects(outcome: str) -> bool:
    return outcome == KnownImage.Outcome.REJECT
