"""A second look at what was cleared by its score: who said what of which picture."""

import hashlib
from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.db import models, router
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..conf import nsfw_settings
from ..policy import OTHER_FILE
from .exact import ExactCharField
from .scan import Scan


class QualityCheckQuerySet(models.QuerySet["QualityCheck"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Quality checks are append-only: what was said was said.")

    def delete(self) -> NoReturn:
        raise TypeError("Quality checks are append-only: they are not deleted.")


class QualityCheck(models.Model):
    """What a person said of a picture without its score. Rows are added and never changed.

    It is about the bytes: ``sha256`` is copied. Nobody is asked about a scan twice.
    """

    class Answer(models.TextChoices):
        YES = "yes", _("yes, people may see it")
        NO = "no", _("no")
        UNSURE = "unsure", _("cannot say")

    scan = models.ForeignKey(
        Scan, verbose_name=_("scan"), on_delete=models.PROTECT, related_name="quality_checks"
    )
    sha256 = ExactCharField(_("SHA-256"), max_length=64)
    answer = models.CharField(_("may people see it?"), max_length=16, choices=Answer.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    user_name = models.CharField(_("person's name at the time"), max_length=255)
    checked_at = models.DateTimeField(_("checked"), default=timezone.now)

    objects = QualityCheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("quality check")
        verbose_name_plural = _("quality checks")
        constraints = [
            models.UniqueConstraint(fields=["scan", "user"], name="nsfw_quality_once"),
        ]
        indexes = [models.Index(fields=["checked_at"], name="nsfw_quality_moment")]

    def __str__(self) -> str:
        return f"{self.user_name}: {self.scan_id}: {self.get_answer_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Quality checks are append-only: what was said was said.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Quality checks are append-only: they are not deleted.")

    @classmethod
    def record(cls, scan: Scan, user: AbstractBaseUser, answer: "QualityCheck.Answer") -> None:
        check = cls(
            scan=scan,
            sha256=scan.sha256,
            answer=answer,
            user_id=user.pk,
            user_name=user.get_username()[:255],
        )
        check.save(using=router.db_for_write(Scan), force_insert=True)


def drawn(scan: Scan, to: "Scan.Status") -> datetime | None:
    """When ``scan`` came into the quality sample. Now, if its score clears it, if it is a picture,
    and its lot is one of the share of ``NSFW_REVIEW["quality_share"]``; once drawn it stays.

    The lot is a hash of the scan's random token: nobody can know it before, whatever they upload,
    and it is the same whenever it is asked. No query.
    """
    if scan.sampled_at is not None or to != Scan.Status.CLEAR or scan.error_code == OTHER_FILE:
        return scan.sampled_at
    try:
        share = nsfw_settings.review.quality_share
    except ImproperlyConfigured:  # E050 reports it; an upload is not to fail of it
        return None
    lot = int.from_bytes(hashlib.sha256(scan.token.bytes).digest()[:8])
    return timezone.now() if lot < share * 2**64 else None
