"""Who looked at which picture, and how each person likes to look."""

from datetime import datetime
from typing import Any, NoReturn, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models, router
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..conf import BLURS, nsfw_settings
from .scan import Scan


class RevealQuerySet(models.QuerySet["Reveal"]):
    def today(self, user: AbstractBaseUser) -> Self:
        """What a person saw since midnight, in the time zone that is active."""
        return self.filter(user_id=user.pk, revealed_at__gte=_midnight())

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Reveals are append-only: what was seen was seen.")

    def delete(self) -> NoReturn:
        raise TypeError("Reveals are append-only: they are not deleted.")


class Reveal(models.Model):
    """A person looked at the picture of a scan. Rows are added and never changed."""

    scan = models.ForeignKey(
        Scan, verbose_name=_("scan"), on_delete=models.PROTECT, related_name="reveals"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    user_name = models.CharField(_("person's name at the time"), max_length=255)
    revealed_at = models.DateTimeField(_("looked at"), default=timezone.now)

    objects = RevealQuerySet.as_manager()

    class Meta:
        verbose_name = _("look at a picture")
        verbose_name_plural = _("looks at pictures")
        indexes = [
            models.Index(fields=["user", "revealed_at"], name="nsfw_reveal_day"),
            models.Index(fields=["revealed_at"], name="nsfw_reveal_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name}: {self.scan_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Reveals are append-only: what was seen was seen.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Reveals are append-only: they are not deleted.")

    @classmethod
    def record(cls, scan: Scan, user: AbstractBaseUser) -> "Reveal":
        """To be committed before the picture is sent."""
        reveal = cls(scan=scan, user_id=user.pk, user_name=user.get_username()[:255])
        reveal.save(using=router.db_for_write(Scan), force_insert=True)
        return reveal


class ReviewPreference(models.Model):
    """How one person likes to look. Who has no row looks as ``NSFW_REVIEW`` says."""

    class Blur(models.IntegerChoices):
        LIGHT = BLURS[0], _("light")
        STRONG = BLURS[1], _("strong")
        STRONGEST = BLURS[2], _("strongest")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    blur = models.PositiveSmallIntegerField(_("blur"), choices=Blur.choices)
    greyscale = models.BooleanField(_("without colours"))
    muted = models.BooleanField(_("animations stand still"))

    class Meta:
        verbose_name = _("preference for looking")
        verbose_name_plural = _("preferences for looking")

    def __str__(self) -> str:
        said = [f"{_('blur')}: {self.get_blur_display()}"]
        if self.greyscale:
            said.append(str(_("without colours")))
        if self.muted:
            said.append(str(_("animations stand still")))
        return ", ".join(said)

    @classmethod
    def of(cls, user: AbstractBaseUser) -> "ReviewPreference":
        """That of a person, or one with the defaults of the site, which is not saved."""
        found = cls.objects.filter(pk=user.pk).first()
        if found is not None:
            return found
        site = nsfw_settings.review
        return cls(user_id=user.pk, blur=site.blur, greyscale=site.greyscale, muted=site.muted)


def _midnight() -> datetime:
    now = timezone.localtime() if settings.USE_TZ else timezone.now()
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
