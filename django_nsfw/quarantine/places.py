"""Where the files of a field are: in one storage, or by their object in one of several.

Fields of the second kind, such as django-filer's, name all of them in ``storages``; which of them
it is, the ``FieldFile`` of the object knows.

A storage that moderates what it is given names in ``unmoderated`` the one behind it. Whatever this
app reads and writes for a field was examined, or will be: it goes there.
"""

from collections.abc import Mapping
from typing import IO, Any

from django.core.files.storage import Storage
from django.db import models


def plain(storage: Storage) -> Storage:
    """The storage that keeps the files: itself, or what it is put before."""
    behind: Storage = getattr(storage, "unmoderated", storage)
    return behind


def depends_on_object(field: models.FileField) -> bool:
    """Whether there are several storages, of which the object of a file knows its own."""
    return isinstance(getattr(field, "storages", None), Mapping)


def storage_of(field: models.FileField, instance: models.Model) -> Storage:
    """The storage of this object's file."""
    return plain(getattr(instance, field.attname).storage)


def storages_of(field: models.FileField) -> tuple[Storage, ...]:
    """Every storage that a file of the field may be in."""
    if depends_on_object(field):
        return tuple(plain(storage) for storage in field.storages.values())  # type: ignore[attr-defined]
    return (plain(field.storage),)


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
