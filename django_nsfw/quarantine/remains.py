"""What a broken movement left in the storages, looked at and cleared away by the sweep.

Some object stores answer for a bucket that is not there as for a file that is not there. So
nothing is cleared away on the word of a storage in which the file that is shown is not seen.
"""

from collections.abc import Mapping
from typing import Any

from django.core.files.storage import Storage
from django.db import router

from ..bodies import digest
from ..models import Scan
from . import journal
from .faults import quarantine_cannot
from .places import each_of
from .rows import Row


def is_whole(facts: Mapping[str, Any]) -> bool:
    """Whether the bytes of an upload arrived in quarantine."""
    try:
        with (
            quarantine_cannot("be read"),
            journal.quarantine_storage().open(facts["quarantine_name"]) as file,
        ):
            found, _ = digest(file)
    except FileNotFoundError:
        return False
    return found == str(facts["sha256"])


def clear_away(field: Any, storage: Storage, facts: Mapping[str, Any], *keys: str) -> None:
    """Delete what a movement left behind under these names, where nothing names it any more.

    Of these names ``public`` is the only one that was not made up, so that something else may have
    it: in another storage, or since. Nothing but the bytes that were taken down is deleted there.
    """
    for key in keys:
        name = facts[key]
        if key == "quarantine_name":
            scans = Scan.objects.using(router.db_for_write(Scan)).filter(quarantine_name=name)
            if not scans.exists():
                delete(journal.quarantine_storage(), name)
        elif Row.naming(field, name) is None:  # the site may have given it to another file since
            for each in each_of(storage):
                if key != "public" or _is(each, name, facts["sha256"]):
                    delete(each, name)


def _is(storage: Storage, name: str, sha256: str) -> bool:
    """Whether these bytes are there. What was written over them is somebody else's."""
    if not storage.exists(name):
        return False
    with storage.open(name) as file:
        found, _ = digest(file)
    return found == sha256


def delete(storage: Storage, name: str) -> None:
    if storage.exists(name):
        storage.delete(name)
