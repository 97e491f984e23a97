"""What moderators did. Rows are added and never changed."""

from typing import Any, NoReturn, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .exact import ExactCharField
from .scan import Scan


class DecisionQuerySet(models.QuerySet["Decision"]):
    def standing(self) -> Self:
        """What nobody has undone. An undo is none of them: it takes one away."""
        return self.exclude(action=Decision.Action.UNDO).filter(undone_by__isnull=True)

    def latest_of(self, scan: Scan) -> "Decision | None":
        """The newest one about ``scan`` that stands."""
        return self.standing().filter(scan=scan).order_by("-pk").first()

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Decisions are append-only: add another one that reverses it.")

    def delete(self) -> NoReturn:
        raise TypeError("Decisions are append-only: they are not deleted.")


class Decision(models.Model):
    """A moderator settled a scan. Binds to the bytes: ``sha256`` is copied, not looked up.

    An undo names in ``undoes`` what it took back; it has none where the file came to its object
    with that standing, as a copy or as a known image. What was done in one go has a ``batch`` in
    common.

    ``handling_ms`` is for how many milliseconds the moderator had the scan open, from the claim to
    the decision. None where they had not: of a batch, of an undo, of what followed another
    decision or was settled with it, of programs; and where the clock says less than nothing or
    more than a day.
    """

    class Action(models.TextChoices):
        APPROVE = "approve", _("approve")
        REJECT = "reject", _("reject")
        ESCALATE = "escalate", _("escalate")
        UNDO = "undo", _("undo")

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
    undoes = models.OneToOneField(
        "self",
        verbose_name=_("undoes"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="undone_by",
        help_text=_("the decision that this one takes back"),
    )
    batch = models.UUIDField(_("batch"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("decided"), default=timezone.now)
    handling_ms = models.PositiveIntegerField(
        _("handling time (ms)"), null=True, blank=True, editable=False
    )

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        permissions = [
            ("undo_decision", "Can undo decisions of others"),
            ("see_reports", "Can see reports on moderation"),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="nsfw_decision_created"),
            models.Index(fields=["sha256"], name="nsfw_decision_bytes"),
            models.Index(fields=["batch"], name="nsfw_decision_batch"),
        ]

    def __str__(self) -> str:
        before, after = self.get_from_status_display(), self.get_to_status_display()
        return f"{self.get_action_display()}: {before} → {after}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Decisions are append-only: add another one that reverses it.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Decisions are append-only: they are not deleted.")

    @property
    def undone(self) -> "Decision | None":
        """The decision that took this one back. A query, unless ``undone_by`` was selected."""
        return getattr(self, "undone_by", None)

    @property
    def in_words(self) -> str:
        """Who did what, in a sentence without its full stop."""
        if self.inherited_from_id is not None:
            said = gettext("decision #%(pk)d followed decision #%(followed)d")
            return said % {"pk": self.pk, "followed": self.inherited_from_id}
        said = {
            self.Action.APPROVE: gettext("%(name)s approved it (decision #%(pk)d)"),
            self.Action.REJECT: gettext("%(name)s rejected it (decision #%(pk)d)"),
            self.Action.ESCALATE: gettext("%(name)s escalated it (decision #%(pk)d)"),
            self.Action.UNDO: gettext("%(name)s undid what was decided (decision #%(pk)d)"),
        }[self.Action(self.action)]
        return said % {"name": self.moderator_name or gettext("a program"), "pk": self.pk}
