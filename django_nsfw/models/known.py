"""Settled pictures by their hashes, so that they are recognised when they come back."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..scores import KnownMatch
from .decision import Decision
from .scan import Scan

MAX_DISTANCE = 31
"""Bits of 256 in which two PDQ hashes of one picture differ at most: the confident-match
threshold of Facebook's ThreatExchange (``PDQ_CONFIDENT_MATCH_THRESHOLD``)."""

MIN_QUALITY = 50
"""Below it a picture is too flat for its hash to say anything (``PDQ_QUALITY_THRESHOLD`` there)."""

SLOTS, SLOT_BITS = 16, 16

SOURCE_LENGTH = 100


class KnownImageQuerySet(models.QuerySet["KnownImage"]):
    def in_force(self) -> Self:
        return self.filter(revoked_at__isnull=True)

    def exact(self, sha256: str) -> KnownMatch | None:
        """The entry for the same bytes. One indexed query.

        One's own decision comes before the lists of others, and in these a rejection first.
        """
        found = self.in_force().filter(sha256=sha256).values_list("pk", "outcome", "source")
        best = min(
            found, key=lambda row: (row[2] != "", not _rejects(row[1]), -row[0]), default=None
        )
        return best and KnownMatch(known=best[0], rejected=_rejects(best[1]))

    def similar(self, hashes: Iterable[str]) -> KnownMatch | None:
        """The entry whose PDQ hash is within ``MAX_DISTANCE`` of any of ``hashes``. One query.

        Exact: 31 bits over sixteen slots leave one slot with at most one of them (pigeonhole), so
        every match has a slot in common with the 1 + 16 neighbours of one of the sixteen values,
        272 keys a hash. This is multi-index hashing: Norouzi, Punjani and Fleet, *Fast Search in
        Hamming Space with Multi-Index Hashing*, CVPR 2012. What has a key in common is then
        compared bit by bit. A rejection comes before an approval, then the nearest, then one's
        own decision, then the newest.
        """
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
        if known.decision_id is not None and known.decision_id > decision.pk:
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

    def revoke(self) -> int:
        """Match no upload any more, until the next decision about the same bytes."""
        return self.in_force().update(revoked_at=timezone.now())


class KnownImage(models.Model):
    """One settled picture: by a decision of this site, or by a list of others (``source``)."""

    class Outcome(models.TextChoices):
        APPROVE = "approve", _("approved")
        REJECT = "reject", _("rejected")

    SETTLES: Mapping[str, Scan.Status] = {
        Outcome.APPROVE: Scan.Status.APPROVED,
        Outcome.REJECT: Scan.Status.REJECTED,
    }

    key = models.CharField(_("key"), max_length=66, editable=False)
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
    source = models.CharField(_("list"), max_length=SOURCE_LENGTH, blank=True)
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
    def origin(self) -> str:
        """Whose word it is."""
        if self.source:
            return _("list “%s”") % self.source
        if self.decision is None:
            return "–"
        name = self.decision.moderator_name
        said = _("decision #%d") % self.decision.pk
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
        return f"{self.key} of {self.known_id}"


def at_odds(db: str) -> QuerySet[Scan]:
    """Scans that a known image once settled, and that stand otherwise than it says now.

    Whoever was decided upon by a moderator stays where that put them, and what retention has
    deleted cannot come back.
    """
    own = Decision.objects.filter(scan=OuterRef("pk"), inherited_from__isnull=True)
    says, stands = KnownImage.Outcome, Scan.Status
    return Scan.objects.using(db).filter(
        Q(status=stands.APPROVED, known__outcome=says.REJECT)
        | Q(status=stands.REJECTED, known__outcome=says.APPROVE, discard_at=None, pruned_at=None),
        ~Exists(own),
        known__decision__isnull=False,
        known__revoked_at__isnull=True,
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
