"""A file is gone → its thumbnails are deleted, and what the key-value store knows of them."""

import posixpath
from typing import Any

from django.core.files.storage import Storage
from sorl.thumbnail import default, delete
from sorl.thumbnail.conf import settings
from sorl.thumbnail.images import ImageFile


def purge(*, storage: Storage, was: str, **kwargs: Any) -> None:
    """Templates give the file itself, or its name alone: that is looked for in the default."""
    for source in (ImageFile(was, storage), ImageFile(was)):
        _delete_sharper(source)
        delete(source, delete_file=False)


def _delete_sharper(source: ImageFile) -> None:
    """``THUMBNAIL_ALTERNATIVE_RESOLUTIONS`` are files that the store does not know."""
    for key in default.kvstore._get(source.key, identity="thumbnails") or ():
        thumbnail = default.kvstore._get(key)
        if thumbnail is None:
            continue
        root, extension = posixpath.splitext(thumbnail.name)
        for times in settings.THUMBNAIL_ALTERNATIVE_RESOLUTIONS:
            thumbnail.storage.delete(f"{root}@{times}x{extension}")
