"""The columns that say what the detector made of a file."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .exact import ExactCharField

if TYPE_CHECKING:  # every process of a site has the models, and few ever score anything
    from ..scores import Assessment, Perceptual


class Assessed(models.Model):
    """An assessment in columns. ``scored_at`` is when they were last written; None until then."""

    sha256 = ExactCharField(_("SHA-256"), max_length=64)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    format = models.CharField(_("format"), max_length=16, blank=True)
    width = models.PositiveIntegerField(_("width"), default=0)
    height = models.PositiveIntegerField(_("height"), default=0)
    frames = models.PositiveIntegerField(_("frames"), default=0)

    detector = ExactCharField(_("detector"), max_length=255, blank=True)
    nsfw = models.FloatField(_("score"), null=True, blank=True)
    crops = models.JSONField(_("scores by frame and tile"), default=list, blank=True)
    ms = models.FloatField(_("milliseconds"), default=0)
    error_code = models.CharField(_("reason"), max_length=32, blank=True)
    error_message = models.TextField(_("reason in words"), blank=True)

    pdq = models.CharField(_("PDQ hash"), max_length=64, blank=True)
    pdq_quality = models.PositiveSmallIntegerField(_("quality of the PDQ hash"), default=0)
    pdq_rotations = models.CharField(_("PDQ hashes, turned"), max_length=7 * 64, blank=True)
    scored_at = models.DateTimeField(_("scored"), null=True, blank=True)

    class Meta:
        abstract = True

    ASSESSED = (
        "sha256", "size", "format", "width", "height", "frames", "detector", "nsfw", "ms", "crops",
        "pdq", "pdq_quality", "pdq_rotations", "error_code", "error_message", "scored_at",
    )  # fmt: skip
    """The columns that ``take`` writes."""

    def take(self, assessment: "Assessment") -> None:
        """Copy an assessment into the columns. Does not save."""
        self.sha256 = assessment.sha256
        self.size = assessment.size
        self.format = assessment.format
        self.width = assessment.width
        self.height = assessment.height
        self.frames = assessment.frames
        self.detector = assessment.detector
        self.nsfw = assessment.nsfw
        self.ms = round(assessment.ms, 3)
        self.pdq = assessment.perceptual.pdq
        self.pdq_quality = assessment.perceptual.quality
        self.pdq_rotations = "".join(assessment.perceptual.rotations)
        self.crops = [crop.as_json() for crop in assessment.crops]
        failure = assessment.failure
        self.error_code = failure.code if failure else ""
        self.error_message = failure.message if failure else ""
        self.scored_at = timezone.now() if failure or assessment.crops else None

    @property
    def scores(self) -> dict[str, float]:
        """Label → probability of the worst crop; empty where nothing was scored."""
        worst = self.assessment.worst
        return dict(worst.scores.labels) if worst else {}

    @property
    def assessment(self) -> "Assessment":
        """The assessment as it was when it was recorded."""
        from ..scores import Assessment, CropScores, Failure

        failure = Failure(code=self.error_code, message=self.error_message)
        return Assessment(
            sha256=self.sha256,
            size=self.size,
            detector=self.detector,
            crops=tuple(map(CropScores.from_json, self.crops)),
            failure=failure if self.error_code else None,
            format=self.format,
            width=self.width,
            height=self.height,
            frames=self.frames,
            ms=self.ms,
            perceptual=self.perceptual,
        )

    @property
    def perceptual(self) -> "Perceptual":
        from ..scores import Perceptual

        turned = self.pdq_rotations
        return Perceptual(
            pdq=self.pdq,
            quality=self.pdq_quality,
            rotations=tuple(turned[at : at + 64] for at in range(0, len(turned), 64)),
        )
