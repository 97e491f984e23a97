"""A site's own models of images and documents, with a field that Wagtail does not know."""

from django.db import models
from wagtail.documents.models import AbstractDocument, Document
from wagtail.images.models import AbstractImage, AbstractRendition, Image


class Picture(AbstractImage):
    credit = models.CharField(max_length=100)
    admin_form_fields = (*Image.admin_form_fields, "credit")


class PictureRendition(AbstractRendition):
    image = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["image", "filter_spec", "focal_point_key"], name="unique_rendition"
            )
        ]


class Paper(AbstractDocument):
    licence = models.CharField(max_length=100)
    admin_form_fields = (*Document.admin_form_fields, "licence")
