"""Who has an item of the queue open, what people ask it for, and who moderates which fields."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .exact import ExactCharField
from .scan import Scan


class ClaimQuerySet(models.QuerySet["Claim"]):
    def running(self) -> Self:
        return self.filter(until__gt=timezone.now())

    def expired(self) -> Self:
        return self.filter(until__lte=timezone.now())

    def by_others(self, user: AbstractBaseUser) -> Self:
        """What somebody else has open now."""
        return self.running().exclude(user_id=user.pk)


class Claim(models.Model):
    """A person has a scan open, and others are asked to take another one until then.

    Advice, not a lock: what a decision is bound to is the version of the scan. ``since`` is when
    they opened it: renewing keeps it, unless the time was up before.
    """

    scan = models.OneToOneField(
        Scan,
        verbose_name=_("scan"),
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="claim",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="+",
    )
    user_name = models.CharField(_("person's name at the time"), max_length=255)
    since = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("until"))
    renewed = models.DateTimeField(_("renewed"), default=timezone.now)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        default_permissions = ()
        indexes = [models.Index(fields=["until"], name="nsfw_claim_until")]

    def __str__(self) -> str:
        return f"{self.scan_id}: {self.user_name}"


class SavedQueue(models.Model):
    """A question to the queue with a name, for its owner or for everybody."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        on_delete=models.CASCADE,
        related_name="+",
    )
    name = models.CharField(_("name"), max_length=100)
    query = models.TextField(_("query"), blank=True)
    shared = models.BooleanField(_("shared with all moderators"), default=False)

    class Meta:
        verbose_name = _("saved queue")
        verbose_name_plural = _("saved queues")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="nsfw_savedqueue_name"),
        ]

    def __str__(self) -> str:
        return self.name


class FieldAccess(models.Model):
    """Members of a group that has rows moderate these fields and no others."""

    group = models.ForeignKey(
        "auth.Group", verbose_name=_("group"), on_delete=models.CASCADE, related_name="+"
    )
    field = ExactCharField(_("field"), max_length=255, help_text=_("app_label.Model.field"))

    class Meta:
        verbose_name = _("restriction to a field")
        verbose_name_plural = _("restrictions to fields")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["group", "field"], name="nsfw_fieldaccess_field"),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.field}"
