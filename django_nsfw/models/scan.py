"""The recorded assessment of one file of one object, with its status."""

import string
import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, router
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..verdict import Verdict
from .assessed import Assessed
from .batches import BatchedQuerySet
from .exact import ExactCharField, begins
from .keys import field_label, object_pk

if TYPE_CHECKING:  # every process of a site has the models, and few ever score anything
    from ..scores import KnownMatch

NAME_LENGTH = 500
"""Characters of a file name. MariaDB indexes at most 768 of four bytes each."""

VERDICTS = {
    Verdict.ALLOW: _("allow"),
    Verdict.REVIEW: _("review"),
    Verdict.REJECT: _("reject"),
    Verdict.UNKNOWN: _("unknown"),
}


class ScanQuerySet(BatchedQuerySet["Scan"]):
    def waiting(self) -> Self:
        """What a moderator still has to settle."""
        return self.filter(status__in=Scan.WAITING)

    def unsettled(self) -> Self:
        """What a background worker still has to score."""
        return self.filter(status__in=Scan.UNSETTLED)

    def escalated(self) -> Self:
        """What waits for somebody who knows better."""
        return self.waiting().filter(escalated_at__isnull=False)

    def with_versions(self) -> Self:
        """``version`` of each costs no query of its own."""
        from .decision import Decision

        made = Decision.objects.filter(scan=models.OuterRef("pk"))
        newest = made.order_by("-pk").values("pk")[:1]
        return self.annotate(latest_decision=models.Subquery(newest))

    def current(self) -> Self:
        """Scans of the file that their object has now."""
        return self.exclude(status__in=Scan.PAST)

    def behind_placeholder(self) -> Self:
        """Scans whose name is that of a placeholder, even if what was behind it is deleted."""
        return self.exclude(quarantine_name="", pruned_at=None)

    def of_object(self, instance: models.Model, field: str) -> Self:
        """Every scan, past ones too, of one file field of one object."""
        model_field = instance._meta.get_field(field)
        return self.filter(
            field=field_label(model_field),  # type: ignore[arg-type]
            object_pk=object_pk(instance, model_field),  # type: ignore[arg-type]
            object_db=instance._state.db or router.db_for_read(type(instance)),
        )

    def of_bytes(self, beginning: str) -> Self:
        """Scans of files whose SHA-256 begins so."""
        return self.filter(digest_begins(beginning))

    def scored(self, sha256: str, detector: str) -> Self:
        """Scans whose scores are what this detector says of these bytes."""
        return self.filter(sha256=sha256, detector=detector, error_code="", nsfw__isnull=False)

    def supersede(self, scan: "Scan") -> int:
        """The object has the file of ``scan`` now; its earlier scans wait for nobody."""
        return (
            self.filter(field=scan.field, object_pk=scan.object_pk, object_db=scan.object_db)
            .exclude(pk=scan.pk)
            .exclude(status__in=Scan.PAST)
            .update(status=Scan.Status.SUPERSEDED, settled_at=timezone.now())
        )


class Scan(Assessed):
    """One file of one object, what the detector said of it, and where it stands.

    Bytes are named by ``sha256``; a decision about them holds for no others. ``name`` is what the
    object's row names while this scan is current: the file itself, or the placeholder in front of
    ``quarantine_name``. It is unique in practice, because held and released files get names that
    were never used before, and so listings can join on it whatever the primary key of the host.

    ``discard_at`` is the order to delete the held bytes, committed together with its reason;
    ``pruned_at`` says that it was carried out. Between the two, a crash is a case for the sweep.

    ``scored_at`` is when the columns of the assessment were last written. Until a background worker
    did that the scan is ``pending`` (behind a placeholder) or ``unscored`` (public); ``attempts``
    counts the workers that took it on, and the last one has it until ``lease_until``.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("hidden, awaiting its score")
        UNSCORED = "unscored", _("public, awaiting its score")
        CLEAR = "clear", _("clear")
        FLAGGED = "flagged", _("public, awaiting review")
        HELD = "held", _("held, awaiting review")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        GONE = "gone", _("object gone")
        SUPERSEDED = "superseded", _("superseded")

    WAITING = (Status.HELD, Status.FLAGGED)
    UNSETTLED = (Status.PENDING, Status.UNSCORED)
    HIDDEN = (Status.PENDING, Status.HELD, Status.REJECTED)
    PAST = (Status.GONE, Status.SUPERSEDED)

    token = models.UUIDField(_("token"), default=uuid.uuid4, editable=False)
    field = ExactCharField(_("field"), max_length=255, help_text=_("app_label.Model.field"))
    object_pk = ExactCharField(_("object"), max_length=255)
    object_db = ExactCharField(_("database of the object"), max_length=64, default="default")
    name = ExactCharField(_("file name"), max_length=NAME_LENGTH)
    original_name = models.CharField(_("original file name"), max_length=NAME_LENGTH)
    quarantine_name = ExactCharField(_("name in quarantine"), max_length=255, blank=True)
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("uploader"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,  # an index below begins with it
    )

    verdict = models.CharField(
        _("verdict"), max_length=16, choices=[(v.value, said) for v, said in VERDICTS.items()]
    )
    known = models.ForeignKey(
        "KnownImage",
        verbose_name=_("known image"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="scans",
        help_text=_("the settled picture that this one equals or resembles"),
    )
    known_distance = models.PositiveSmallIntegerField(
        _("bits of difference"), null=True, blank=True, help_text=_("empty: the same bytes")
    )

    status = models.CharField(_("status"), max_length=16, choices=Status.choices)
    created_at = models.DateTimeField(_("scanned"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts in the background"), default=0)
    lease_until = models.DateTimeField(_("taken on until"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    escalated_at = models.DateTimeField(_("escalated"), null=True, blank=True)
    discard_at = models.DateTimeField(_("bytes to be deleted"), null=True, blank=True)
    pruned_at = models.DateTimeField(_("bytes deleted"), null=True, blank=True)
    erased_at = models.DateTimeField(_("personal data erased"), null=True, blank=True)
    sampled_at = models.DateTimeField(_("drawn for the quality sample"), null=True, blank=True)

    objects = ScanQuerySet.as_manager()

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        permissions = [
            ("approve_scan", "Can approve a scan"),
            ("reject_scan", "Can reject a scan"),
            ("reveal_scan", "Can look at the picture of a scan"),
            ("bulk_scan", "Can decide several scans at a time"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["token"], name="nsfw_scan_token"),
            models.CheckConstraint(
                name="nsfw_scan_score_is_probability",
                condition=models.Q(nsfw__isnull=True) | models.Q(nsfw__gte=0, nsfw__lte=1),
            ),
            models.CheckConstraint(
                name="nsfw_scan_held_has_bytes",
                condition=~models.Q(status__in=["held", "pending"]) | ~models.Q(quarantine_name=""),
            ),
        ]
        indexes = [
            # The field is for people who moderate only some: rows of others are not even read.
            models.Index(fields=["status", "created_at", "field"], name="nsfw_scan_queue_age"),
            models.Index(fields=["status", "nsfw"], name="nsfw_scan_queue_score"),
            models.Index(fields=["uploader", "status", "created_at"], name="nsfw_scan_uploader"),
            models.Index(fields=["field", "object_pk"], name="nsfw_scan_object"),
            models.Index(fields=["sha256"], name="nsfw_scan_bytes"),
            models.Index(fields=["name"], name="nsfw_scan_name"),
            # What holds bytes, and who shares them: retention walks this and nothing else.
            models.Index(fields=["quarantine_name"], name="nsfw_scan_quarantine"),
            models.Index(fields=["discard_at"], name="nsfw_scan_discard"),
            models.Index(fields=["escalated_at"], name="nsfw_scan_escalated"),
            # What left the queue in a period, among all that was ever settled: reports ask.
            models.Index(fields=["settled_at"], name="nsfw_scan_settled"),
            models.Index(fields=["sampled_at"], name="nsfw_scan_sampled"),
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.object_pk}: {self.get_status_display()}"

    @property
    def version(self) -> str:
        """Opaque: another one once the status changed, or somebody decided something.

        A decision that is given it is refused when it is not the newest any more.
        """
        if "latest_decision" in vars(self):
            latest = vars(self)["latest_decision"]
        else:
            pks = self.decisions.order_by("-pk").values_list("pk", flat=True)
            latest = pks.first()
        return f"{self.status}.{latest or 0}"

    def recognise(self, match: "KnownMatch | None") -> None:
        """Remember what it equals or resembles. Does not save."""
        self.known_id = match.known if match else None
        self.known_distance = match.distance if match else None

    @property
    def bytes_discarded(self) -> bool:
        """Whether what was held is deleted, or about to be: it cannot be released any more."""
        return self.discard_at is not None or self.pruned_at is not None

    def move(self, to: "Scan.Status", **changes: Any) -> bool:
        """Change the status if nobody else did since this instance was read.

        One conditional UPDATE; False means that it matched no row and nothing was changed.
        """
        changes |= {"status": to, "settled_at": timezone.now()}
        if to not in self.WAITING:
            changes |= {"escalated_at": None}
        moved = (
            type(self)
            ._default_manager.using(self._state.db)
            .filter(pk=self.pk, status=self.status, name=self.name)
            .update(**changes)
        )
        if moved:
            for attribute, value in changes.items():
                setattr(self, attribute, value)
        return bool(moved)


def digest_begins(beginning: str) -> models.Q:
    """A condition on ``sha256``."""
    text = beginning.strip().lower()
    return begins("sha256", text) if set(text) <= set(string.hexdigits) else models.Q(pk__in=[])
