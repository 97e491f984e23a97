"""A file field of several storages: which of them keeps a file, its row says."""

from collections.abc import Mapping
from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage, storages
from django.core.files.utils import validate_file_name
from django.db import models
from django.db.models.fields.files import FieldFile

from ...exceptions import StorageError
from ...models.exact import Exact
from ...validators import NSFWValidator
from .aliases import moderated


class StoredFieldFile(FieldFile):
    """Its storage is the one behind the entry of ``STORAGES`` that the row names."""

    _in_place: Storage | None = None

    @property
    def storage(self) -> Storage:
        """Asked when a file is read or written: while a row is unpickled it says nothing yet."""
        return self._in_place or storage_at(self.instance.storage)  # type: ignore[attr-defined]

    @storage.setter
    def storage(self, storage: Storage) -> None:
        # Django gives each file the storage of its field, which here is nobody's.
        self._in_place = None if storage is self.field.storage else storage


class StoredFileField(Exact, models.FileField):
    """Watched in every project that has it, by the policy of the storage."""

    attr_class = StoredFieldFile
    default_validators = [
        NSFWValidator(
            uploader="uploader",
            for_object="django_nsfw.contrib.stored_files.policies.of_storage",
        )
    ]

    @property
    def storages(self) -> Mapping[str, Storage]:
        """Alias → the storage behind it. See ``quarantine.places``."""
        return {alias: storage_at(alias) for alias in moderated()}

    def generate_filename(self, instance: Any, filename: Any) -> str:
        """Whoever saves into a storage names the file, and nobody changes that."""
        return str(validate_file_name(filename, allow_relative_path=True))


def storage_at(alias: str) -> Storage:
    """What keeps the files of an entry of ``STORAGES``, also of one that nobody moderates now."""
    from ...quarantine.places import plain

    try:
        return plain(storages[alias])
    except ImproperlyConfigured as error:
        return Absent(alias, str(error))


class Absent(Storage):
    """In place of a storage that cannot be had. Whatever is asked of it says so."""

    def __init__(self, alias: str, reason: str) -> None:
        self.alias, self.reason = alias, reason

    def _fail(self, name: Any = "", *args: Any, **kwargs: Any) -> NoReturn:
        raise StorageError(f"{name!r} is in STORAGES[{self.alias!r}]. {self.reason}")

    open = save = delete = exists = listdir = size = url = path = _fail  # type: ignore[assignment]
    get_accessed_time = get_created_time = get_modified_time = _fail
