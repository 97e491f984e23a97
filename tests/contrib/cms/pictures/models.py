from cms.models import CMSPlugin
from django.db import models
from filer.fields.image import FilerImageField


class Picture(CMSPlugin):
    """A picture on a page, as the plugins of sites have it."""

    picture = FilerImageField(on_delete=models.CASCADE)

    def __str__(self):
        return str(self.picture)
