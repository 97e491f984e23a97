from django.db import models
from django.urls import reverse
from django_ckeditor_5.fields import CKEditor5Field
from tinymce.models import HTMLField


class Text(models.Model):
    """What staff writes, with pictures in it: in one editor the text, in another what is beside."""

    title = models.CharField(max_length=80)
    body = CKEditor5Field("text", blank=True)
    aside = HTMLField("beside the text", blank=True)

    objects: models.Manager["Text"] = models.Manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("texts:text", args=[self.pk])
