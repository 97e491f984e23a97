"""A site's own models of files, each with a column that django-filer does not know."""

from django.db import models
from filer.models import BaseImage, File


class Picture(BaseImage):
    credit = models.CharField(max_length=100, blank=True)

    class Meta(BaseImage.Meta):
        app_label = "pictures"  # else it is that of django-filer
        default_manager_name = "objects"


class Sheet(File):
    """What django-filer takes for no picture: scans in TIFF."""

    pages = models.PositiveSmallIntegerField(default=1)

    @classmethod
    def matches_file_type(cls, iname, ifile, mime_type):
        return mime_type == "image/tiff"
