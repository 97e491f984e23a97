"""What a second detector says of uploads that another one decides on."""

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .assessed import LABEL_LENGTH
from .exact import ExactCharField
from .scan import Scan


class ShadowScoreQuerySet(models.QuerySet["ShadowScore"]):
    def waiting(self) -> Self:
        """What is not settled yet, whether its turn has come or not."""
        return self.filter(next_at__isnull=False)

    def due(self) -> Self:
        """What can be scored now, the oldest first; without scans that wait for their own score."""
        now = self.filter(next_at__lte=timezone.now()).exclude(scan__status__in=Scan.UNSETTLED)
        return now.order_by("next_at", "pk")

    def scored(self, sha256: str, detector: str) -> Self:
        """What this detector said of these bytes."""
        return self.filter(sha256=sha256, detector=detector, nsfw__isnull=False)

    def paired(self) -> Self:
        """With both scores."""
        return self.filter(nsfw__isnull=False, deciding_nsfw__isnull=False)


class ShadowScore(models.Model):
    """A scan that was drawn, and what the shadow says of its bytes once it was asked.

    ``next_at`` is when somebody may score it; whoever does moves it on first, and a worker that
    dies costs a lease. It is empty once the row is settled: with a score, or for ``error_code``.
    ``doing`` is the digest while a worker has the row, and unique, so that the same bytes are not
    scored by two at once.

    ``deciding_detector`` and ``deciding_nsfw`` are what the scan said at that moment. Both scores
    are of the same bytes, so the pair stays true whatever a rescan writes into the scan.
    """

    scan = models.OneToOneField(
        Scan,
        verbose_name=_("scan"),
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="shadow",
    )
    field = ExactCharField(_("field"), max_length=255)
    sha256 = ExactCharField(_("SHA-256"), max_length=64)
    drawn_at = models.DateTimeField(_("drawn"), default=timezone.now)
    next_at = models.DateTimeField(_("next attempt"), null=True, default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    doing = ExactCharField(_("what a worker does"), max_length=64, null=True)
    scored_at = models.DateTimeField(_("scored"), null=True)

    detector = ExactCharField(_("detector"), max_length=255, blank=True)
    nsfw = models.FloatField(_("score"), null=True)
    label = ExactCharField(_("label"), max_length=LABEL_LENGTH, blank=True)
    ms = models.FloatField(_("milliseconds"), default=0)
    error_code = models.CharField(_("reason"), max_length=32, blank=True)
    deciding_detector = ExactCharField(_("deciding detector"), max_length=255, blank=True)
    deciding_nsfw = models.FloatField(_("deciding score"), null=True)

    objects = ShadowScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("score of the shadow")
        verbose_name_plural = _("scores of the shadow")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["doing"], name="nsfw_shadow_doing")]
        indexes = [
            models.Index(fields=["next_at"], name="nsfw_shadow_due"),
            models.Index(fields=["sha256"], name="nsfw_shadow_bytes"),
            models.Index(fields=["scored_at"], name="nsfw_shadow_scored"),
            # Those that disagree lie beyond a threshold of one of the two.
            models.Index(fields=["detector", "nsfw"], name="nsfw_shadow_score"),
            models.Index(fields=["deciding_detector", "deciding_nsfw"], name="nsfw_shadow_decided"),
        ]

    def __str__(self) -> str:
        return f"{self.scan_id}: {self.error_code or self.nsfw}"
