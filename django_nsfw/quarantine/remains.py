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
from .places import wherever
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


def clear_away(field: Any, facts: Mapping[str, Any], *keys: str) -> None:
    """Delete what a movement left behind under these names, where nothing names it any more."""
    for key in keys:
        name = facts[key]
        if key == "quarantine_name":
            scans = Scan.objects.using(router.db_for_write(Scan)).filter(quarantine_name=name)
            if not scans.exists():
                delete(journal.quarantine_storage(), name)
        elif Row.naming(field, name) is None:  # the site may have given it to another file since
            delete(wherever(field), name)


def delete(storage: Storage, name: str) -> None:
    if storage.exists(name):
        storage.delete(name)
