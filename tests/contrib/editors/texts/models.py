from django.db import models
from django_ckeditor_5.fields import CKEditor5Field
from tinymce.models import HTMLField


class Text(models.Model):
    body = CKEditor5Field(blank=True)
    aside = HTMLField(blank=True)
