"""Models whose files are in a storage that moderates by itself."""

from django.db import models

from django_nsfw.validators import NSFWValidator
from tests.contrib.stored_files.storages import editors


class Poster(models.Model):
    """Watched: the gate of the field decides."""

    image = models.ImageField(upload_to="posters", storage=editors, validators=[NSFWValidator()])


class Note(models.Model):
    """Not watched: its file is saved as any other, and the storage decides."""

    attachment = models.FileField(upload_to="notes", storage=editors)
