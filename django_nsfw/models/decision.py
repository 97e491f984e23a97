"""What moderators did. Rows are added and never changed."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .exact import ExactCharField
from .scan import Scan


class DecisionQuerySet(models.QuerySet["Decision"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Decisions are append-only: add another one that reverses it.")

    def delete(self) -> NoReturn:
        raise TypeError("Decisions are append-only: they are not deleted.")


class Decision(models.Model):
    """A moderator settled a scan. Binds to the bytes: ``sha256`` is copied, not looked up."""

    class Action(models.TextChoices):
        APPROVE = "approve", _("approve")
        REJECT = "reject", _("reject")

    scan = models.ForeignKey(
        Scan, verbose_name=_("scan"), on_delete=models.PROTECT, related_name="decisions"
    )
    action = models.CharField(_("action"), max_length=16, choices=Action.choices)
    from_status = models.CharField(_("from"), max_length=16, choices=Scan.Status.choices)
    to_status = models.CharField(_("to"), max_length=16, choices=Scan.Status.choices)
    sha256 = ExactCharField(_("SHA-256"), max_length=64)
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("moderator"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    moderator_name = models.CharField(_("moderator's name at the time"), max_length=255, blank=True)
    note = models.TextField(_("note"), blank=True)
    inherited_from = models.ForeignKey(
        "self",
        verbose_name=_("inherited from"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="inherited",
        help_text=_("the decision about the same or a similar picture that this one follows"),
    )
    created_at = models.DateTimeField(_("decided"), default=timezone.now)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [
            models.Index(fields=["created_at"], name="nsfw_decision_created"),
            models.Index(fields=["sha256"], name="nsfw_decision_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.from_status} → {self.to_status}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Decisions are append-only: add another one that reverses it.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Decisions are append-only: they are not deleted.")
