"""Where the files of a field are: in one storage, or by their object in one of several.

Fields of the second kind, such as django-filer's, name all of them in ``storages``; which of them
it is, the ``FieldFile`` of the object knows.
"""

from collections.abc import Mapping
from typing import IO, Any

from django.core.files.storage import Storage
from django.db import models


def storage_of(field: models.FileField, instance: models.Model) -> Storage:
    """The storage of this object's file."""
    storage: Storage = getattr(instance, field.attname).storage
    return storage


def storages_of(field: models.FileField) -> tuple[Storage, ...]:
    """Every storage that a file of the field may be in."""
    several = getattr(field, "storages", None)
    return tuple(several.values()) if isinstance(several, Mapping) else (field.storage,)


def wherever(field: models.FileField) -> Storage:
    """For names without an object that could tell: what is there is there, wherever it is."""
    storages = storages_of(field)
    return storages[0] if len(storages) == 1 else _Wherever(storages)


def each_of(storage: Storage) -> tuple[Storage, ...]:
    """The storages behind one that may be ``wherever``."""
    return storage.storages if isinstance(storage, _Wherever) else (storage,)


class _Wherever(Storage):
    """Several storages, to look into and to clear away from. Nothing is saved here."""

    def __init__(self, storages: tuple[Storage, ...]) -> None:
        self.storages = storages

    def exists(self, name: str) -> bool:
        return any(storage.exists(name) for storage in self.storages)

    def delete(self, name: str) -> None:
        for storage in self.storages:
            if storage.exists(name):
                storage.delete(name)

    def _open(self, name: str, mode: str = "rb") -> IO[Any]:
        for storage in self.storages:
            if storage.exists(name):
                return storage.open(name, mode)
        raise FileNotFoundError(f"{name!r} is in none of the storages.")
