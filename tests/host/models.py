"""Models of a site, as sites write them."""

import uuid

from django.conf import settings
from django.db import models

from django_nsfw.validators import NSFWValidator


class Album(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)

    def __str__(self):
        return f"album {self.pk}"


class Photo(models.Model):
    """The plain case: one validator on one field."""

    title = models.CharField(max_length=100, blank=True)
    image = models.ImageField(
        upload_to="photos",
        width_field="width",
        height_field="height",
        validators=[NSFWValidator(reject=0.95, uploader="album__owner")],
    )
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    album = models.ForeignKey(Album, null=True, blank=True, on_delete=models.CASCADE)

    def __str__(self):
        return f"photo {self.pk}"


class PhotoProxy(Photo):
    class Meta:
        proxy = True


class FramedPhoto(Photo):
    frame = models.CharField(max_length=20, default="oak")


class Asset(models.Model):
    """Another app's model: no validator, watched through NSFW_FIELDS; two files, a UUID key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.FileField(upload_to="assets", blank=True)
    thumbnail = models.ImageField(upload_to="thumbs", blank=True)
    notes = models.TextField(blank=True)

    def __str__(self):
        return f"asset {self.pk}"
