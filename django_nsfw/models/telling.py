"""Whom the app told what outside of its pages: digests by e-mail, and webhooks."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .batches import BatchedQuerySet
from .exact import ExactCharField

ANSWER_LENGTH = 200
"""Characters of an endpoint's answer that are kept."""


class DigestSent(models.Model):
    """When a moderator was last sent a digest: the next one says what went wrong since."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("sent digest")
        verbose_name_plural = _("sent digests")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.sent_at:%Y-%m-%d %H:%M}"


class DeliveryQuerySet(BatchedQuerySet["Delivery"]):
    def due(self) -> Self:
        """What is to be sent now, the oldest first."""
        waiting = self.filter(status=Delivery.Status.WAITING, next_at__lte=timezone.now())
        return waiting.order_by("next_at", "pk")


class Delivery(models.Model):
    """An event for one endpoint, written in the transaction of what it tells: the outbox.

    ``message`` is what receivers know it by, at every attempt. Whoever sends it moves ``next_at``
    on first, so that nobody else takes it, and a worker that dies costs some minutes.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        DROPPED = "dropped", _("dropped")

    message = models.CharField(_("message"), max_length=64)
    url = ExactCharField(_("endpoint"), max_length=500)
    event = models.CharField(_("event"), max_length=64)
    body = models.TextField(_("body"))
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    answer_code = models.PositiveSmallIntegerField(_("status of the answer"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=ANSWER_LENGTH, blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [
            models.UniqueConstraint(fields=["message", "url"], name="nsfw_delivery_once"),
        ]
        indexes = [
            models.Index(fields=["status", "next_at"], name="nsfw_delivery_due"),
            models.Index(fields=["settled_at"], name="nsfw_delivery_settled"),
        ]

    def __str__(self) -> str:
        return f"{self.event} ({self.message}): {self.get_status_display()}"


class DisabledEndpoint(models.Model):
    """An endpoint that answered 410: it wants to be told nothing any more."""

    url = ExactCharField(_("endpoint"), max_length=500, unique=True)
    disabled_at = models.DateTimeField(_("disabled"), default=timezone.now)

    class Meta:
        verbose_name = _("disabled endpoint")
        verbose_name_plural = _("disabled endpoints")

    def __str__(self) -> str:
        return f"{self.url}"
