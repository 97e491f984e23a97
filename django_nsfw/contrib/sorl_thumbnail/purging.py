"""A file is gone → its thumbnails are deleted, and what the key-value store knows of them."""

import posixpath
from collections.abc import Iterator
from typing import Any

from django.core.files.storage import Storage
from sorl.thumbnail import default, delete
from sorl.thumbnail.conf import settings
from sorl.thumbnail.images import ImageFile
from sorl.thumbnail.kvstores.base import add_prefix


def purge(*, storage: Storage, was: str, **kwargs: Any) -> None:
    """The files first: the store would forget one whose storage does not answer.

    Templates give the file itself, or its name alone, which is looked for in sorl's own storage.
    """
    for source in (ImageFile(was, storage), ImageFile(was)):
        for thumbnail in _thumbnails_of(source):
            root, extension = posixpath.splitext(thumbnail.name)
            for times in settings.THUMBNAIL_ALTERNATIVE_RESOLUTIONS:  # unknown to the store
                thumbnail.storage.delete(f"{root}@{times}x{extension}")
            thumbnail.delete()
        delete(source, delete_file=False)


def _thumbnails_of(source: ImageFile) -> Iterator[ImageFile]:
    for key in _stored(source.key, "thumbnails") or ():
        thumbnail = _stored(key, "image")
        if thumbnail is not None:
            yield thumbnail


def _stored(key: str, identity: str) -> Any:
    """As it is in the store: a cache of this process misses what others have made since."""
    cache = getattr(default.kvstore, "cache", None)
    if cache is not None:
        cache.delete(add_prefix(key, identity))
    return default.kvstore._get(key, identity=identity)
