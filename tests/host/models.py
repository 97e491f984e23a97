"""Models of a site, as sites write them."""

import uuid

from django.conf import settings
from django.db import models

from django_nsfw.validators import NSFWValidator

from .fields import IndependentField, ShrinkingField, ThumbnailAfterField, ThumbnailBeforeField
from .storages import papers


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


def by_owner(instance, filename):
    return f"avatars/{instance.nick}/{filename}"


class Avatar(models.Model):
    """A path from a callable, and little room for it."""

    nick = models.CharField(max_length=20, default="ann")
    image = models.ImageField(upload_to=by_owner, max_length=40, validators=[NSFWValidator()])


class Paper(models.Model):
    """Any file, in a storage of the field's own, in its root."""

    scan = models.FileField(storage=papers, blank=True, validators=[NSFWValidator()])


class Badge(models.Model):
    """Fields that bring a ``FieldFile`` of their own."""

    shrunk = ShrinkingField(upload_to="badges", blank=True, validators=[NSFWValidator()])
    before = ThumbnailBeforeField(upload_to="badges", blank=True, validators=[NSFWValidator()])
    after = ThumbnailAfterField(upload_to="badges", blank=True, validators=[NSFWValidator()])
    alone = IndependentField(upload_to="badges", blank=True, validators=[NSFWValidator()])


class Slide(models.Model):
    """Its primary key has two columns, one of them no text."""

    pk = models.CompositePrimaryKey("tray", "position")
    tray = models.UUIDField(default=uuid.uuid4)
    position = models.IntegerField()
    image = models.ImageField(upload_to="slides", validators=[NSFWValidator()])

    def __str__(self):
        return f"slide {self.position} of {self.tray}"
