"""What is on record of a name. Imported with the URLs of a site: nothing here looks at pictures."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import DatabaseError, connections, router
from django.db.models import Q

from ...shield import Shield
from .models import Deletion, StoredFile

BATCH = 500
"""Names in one query; SQLite may be built to take no more than 999."""

_looking = Shield()


def standing(alias: str, name: str) -> str | None:
    """What the storage behind an alias has in the place of ``name``; None for a name that was not
    given out. One query, which an index serves."""
    if "\0" in name:  # PostgreSQL has no such text, and addresses are what anybody types
        return None
    using = router.db_for_read(StoredFile)
    rows = StoredFile.objects.using(using).filter(storage=alias, name=name)
    found: str | None = quietly(rows.values_list("file", flat=True).first, using)
    return found


def is_taken(name: str) -> bool:
    """Whether a name was given out, or something stands under it, in any of the storages, or is to
    be deleted there."""
    using = router.db_for_write(StoredFile)
    rows = StoredFile.objects.using(using).filter(Q(name=name) | Q(file=name))
    # In this order: the one is committed when the other is gone.
    orders = Deletion.objects.using(using).filter(file=name)
    return bool(quietly(rows.exists, using) or quietly(orders.exists, using))


def names_of(alias: str, files: Sequence[str]) -> Mapping[str, str]:
    """What stands in a storage → the name that was given out for it."""
    using = router.db_for_read(StoredFile)
    rows = StoredFile.objects.using(using).filter(storage=alias).values_list("file", "name")
    found: dict[str, str] = {}
    for at in range(0, len(files), BATCH):
        batch = rows.filter(file__in=files[at : at + BATCH])
        found.update(quietly(partial(list, batch), using) or ())
    return found


def quietly(query: Any, using: str) -> Any:
    """None as well where nobody has run ``migrate`` yet: no name was given out then."""
    try:
        with _looking(using):
            return query()
    except DatabaseError:
        from ...quarantine.rows import has_table

        if connections[using].needs_rollback or has_table(using, StoredFile):
            raise
        return None
