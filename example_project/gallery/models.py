from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from django_nsfw.validators import NSFWValidator


class Photo(models.Model):
    """A picture that somebody put into the gallery, with or without an account."""

    title = models.CharField(max_length=80)
    image = models.ImageField(
        upload_to="photos/%Y/%m/",
        validators=[NSFWValidator(uploader="owner")],
        help_text="JPEG, PNG, GIF or WebP, at most 10 MB.",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="photos",
    )
    created_at = models.DateTimeField("uploaded", default=timezone.now, editable=False)

    objects: models.Manager["Photo"] = models.Manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("gallery:photo", args=[self.pk])
