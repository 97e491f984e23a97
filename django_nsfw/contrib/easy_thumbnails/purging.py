"""A file is gone → its thumbnails are deleted, in every storage that they may be in."""

import logging
from collections.abc import Iterator
from typing import Any

from django.core.files.storage import Storage, storages
from easy_thumbnails.models import Source, Thumbnail
from easy_thumbnails.storage import thumbnail_default_storage
from easy_thumbnails.utils import get_storage_hash

from ...conf import QUARANTINE_ALIAS
from ...quarantine.rows import file_field

logger = logging.getLogger(__name__)


def purge(*, field: str, was: str, **kwargs: Any) -> None:
    """All that can be deleted is; whatever a storage raises is raised at the end.

    Sources are found by their name alone: what easy-thumbnails keeps of a storage is a hash of its
    class, and another one before Django's default storage was first used.
    """
    failed: Exception | None = None
    sources = Source.objects.filter(name=was)
    for thumbnail in Thumbnail.objects.filter(source__in=sources):
        for storage in _storages_of(thumbnail, field):
            try:
                storage.delete(thumbnail.name)
            except Exception as error:  # noqa: BLE001 - storages raise what they like
                failed = error
    if failed is not None:
        raise failed
    sources.delete()


def _storages_of(thumbnail: Thumbnail, field: str) -> list[Storage]:
    """Those of the class that is on record; all of them where none is."""
    candidates = list(_candidates(field))
    same = [each for each in candidates if get_storage_hash(each) == thumbnail.storage_hash]
    return same or candidates


def _candidates(field: str) -> Iterator[Storage]:
    """The thumbnails of a field may have a storage of their own, and django-filer's have two."""
    yield thumbnail_default_storage
    model_field = file_field(field)
    if (own := getattr(model_field, "thumbnail_storage", None)) is not None:
        yield own
    yield from getattr(model_field, "thumbnail_storages", {}).values()
    for alias in storages.backends:
        if alias == QUARANTINE_ALIAS:
            continue
        try:
            storage = storages[alias]
        except Exception:  # noqa: BLE001 - a storage of the site may raise anything
            logger.warning("STORAGES[%r] cannot be built; no thumbnail is looked for there", alias)
        else:
            yield storage
