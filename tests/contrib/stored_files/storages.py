"""Storages of a site, as sites write them."""

from pathlib import Path

from django.conf import settings
from django.core.files.storage import storages

from django_nsfw.contrib.stored_files.storages import ModeratedFileSystemStorage


class EditorsStorage(ModeratedFileSystemStorage):
    """Its folder follows that of the test."""

    folder = "editors"

    @property
    def base_location(self):
        return str(Path(settings.MEDIA_ROOT) / self.folder)

    @property
    def location(self):
        return self.base_location

    @property
    def base_url(self):
        return f"{settings.MEDIA_URL}{self.folder}/"


class PapersStorage(EditorsStorage):
    folder = "papers"


def editors():
    return storages["editors"]
