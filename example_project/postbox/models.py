from django.core.files.storage import Storage, storages
from django.db import models
from django.utils import timezone

from django_nsfw.validators import NSFWValidator


def bucket() -> Storage:
    return storages["bucket"]


class Picture(models.Model):
    """The row comes first, its file by another way: no ``width_field``, which would look for it.

    The index is for the events of the bucket, which ask for rows by the name of a file.
    """

    image = models.ImageField(storage=bucket, db_index=True, validators=[NSFWValidator()])
    created_at = models.DateTimeField("begun", default=timezone.now, editable=False)

    objects: models.Manager["Picture"] = models.Manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.image.name or "a picture"
