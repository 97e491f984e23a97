"""An object in a bucket → the row that names it → its scan."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as attribute

from django.core.files.storage import Storage

from ... import runners
from ...quarantine.places import storages_of
from ...quarantine.rows import Row
from ...registry import WatchedField, registry
from ...stored import scan_stored
from .latecomers import keep_back
from .messages import Arrival

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Received:
    """How many arrivals of a message were scanned; how many no row names, yet or any more; how
    many are in buckets of no watched field. ``failed``: what the sender is to send again."""

    scanned: int = 0
    unnamed: int = 0
    elsewhere: int = 0
    failed: list[str] = attribute(default_factory=list)


def receive(arrivals: Iterable[Arrival]) -> Received:
    """Scan what arrived, and hold it where the policy says so.

    Messages may come twice and in any order: bytes that have a scan are not scanned again. What
    no row names yet is scanned when a row names it.
    """
    received = Received()
    for arrival in arrivals:
        try:
            _receive(arrival, received)
        except Exception:
            logger.exception("%s in %s was not scanned", arrival.key, arrival.bucket)
            received.failed.append(arrival.key)
    return received


def _receive(arrival: Arrival, received: Received) -> None:
    places = list(_places(arrival))
    if not places:
        received.elsewhere += 1
        return
    rows = [
        row for watched, _, name in places if (row := Row.naming(watched.field, name)) is not None
    ]
    for row in rows:
        scan_stored(row, scores=not runners.current().background, again=False)
        received.scanned += 1
    if rows:
        return
    looked_at = [keep_back(watched, storage, name) for watched, storage, name in places]
    if any(looked_at):
        received.scanned += 1
        return
    logger.info("No row names %r in the bucket %r.", arrival.key, arrival.bucket)
    received.unnamed += 1


def _places(arrival: Arrival) -> Iterator[tuple[WatchedField, Storage, str]]:
    """Every watched field that may name the object, where that is, and how it would name it."""
    for watched in registry.watched.values():
        found = ((storage, name_in(storage, arrival)) for storage in storages_of(watched.field))
        names = {name: storage for storage, name in found if name is not None}
        for name, storage in names.items():
            yield watched, storage, name


def name_in(storage: Storage, arrival: Arrival) -> str | None:
    """What a storage of django-storages calls the object; None where it is not in there."""
    bucket = getattr(storage, "bucket_name", None)
    if bucket != arrival.bucket:
        return None
    location = str(getattr(storage, "location", "") or "").strip("/")
    prefix = f"{location}/" if location else ""
    return arrival.key.removeprefix(prefix) if arrival.key.startswith(prefix) else None
