"""What django-filer knows about a file, besides its name: size, SHA-1, type, pixels."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from filer.models import BaseImage, File

from ...exceptions import StorageError

FIELD = "filer.File.file"
_OF_FILES = ("_file_size", "sha1", "mime_type")
_OF_IMAGES = ("_width", "_height", "_transparent")


def write_facts(
    *, field: str, using: str, object_pks: Sequence[str], name: str, **kwargs: Any
) -> None:
    """The columns say what the file is that stands there now. No ``save()``: its signals, and the
    moves of files that it makes, are django-filer's own affair."""
    if field != FIELD:
        return
    for file in File._base_manager.using(using).filter(pk__in=object_pks, file=name):
        with file.file:
            file.file_data_changed()
        if not file.sha1:  # it raises nothing itself
            raise StorageError(f"The storage of {field} does not give {name!r}.")
        # Not by the models' own managers: the row is of two tables, and each is written alone.
        rows: models.QuerySet[Any] = (
            models.QuerySet(File).using(using).filter(pk=file.pk, file=name)
        )
        rows.update(**{column: getattr(file, column) for column in _OF_FILES})
        if isinstance(file, BaseImage):
            rows = models.QuerySet(type(file)).using(using).filter(pk=file.pk)
            rows.update(**{column: getattr(file, column) for column in _OF_IMAGES})
