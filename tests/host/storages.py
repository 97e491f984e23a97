"""Storages of a site that remember what they were given."""

from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage


class RecordingStorage(FileSystemStorage):
    """Keeps a copy of every body it was ever given, deleted or not."""

    received: list[tuple[str, bytes]] = []

    def _save(self, name, content):
        name = super()._save(name, content)
        self.received.append((name, Path(self.path(name)).read_bytes()))
        return name


class RenamingStorage(FileSystemStorage):
    """Stores under another name than it was asked for, as some that hash contents do."""

    def _save(self, name, content):
        folder, _, base = name.rpartition("/")
        return super()._save(f"{folder}/renamed_{base}" if folder else f"renamed_{base}", content)


class PapersStorage(FileSystemStorage):
    """Beside the media folder, wherever a test has put that."""

    @property
    def base_location(self):
        return Path(settings.MEDIA_ROOT).parent / "papers"

    location = base_location


def papers():
    """A storage of a field's own, chosen by a callable."""
    return PapersStorage()


class Cloud(Storage):
    """Of a provider that nothing here knows the attributes of."""

    def __init__(self, container):
        self.container = container
