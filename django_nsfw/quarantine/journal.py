"""What is under way in the quarantine storage, so that a crash between two steps can be mended.

An entry is written before the first byte moves and removed when the database has committed what
it announced. It is a file beside the held bytes and no database row, because the row would be
rolled back together with the upload whose bytes are already there.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import InvalidStorageError

from ..conf import QUARANTINE_ALIAS
from ..exceptions import QuarantineError

logger = logging.getLogger(__name__)

FOLDER = "journal"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One unfinished movement. ``facts`` is None where the entry itself was cut off."""

    token: str
    facts: Mapping[str, Any] | None
    written: datetime


def quarantine_storage() -> Storage:
    try:
        return storages[QUARANTINE_ALIAS]
    except InvalidStorageError as error:
        raise QuarantineError(
            f"STORAGES has no {QUARANTINE_ALIAS!r}. Add a storage that no visitor can reach; "
            "held images are kept there."
        ) from error


def write(token: str, facts: Mapping[str, Any]) -> None:
    """Announce a movement, or say again what became of it."""
    storage, name = quarantine_storage(), path(token)
    body = ContentFile(json.dumps(facts, ensure_ascii=True).encode())
    try:
        if storage.exists(name):
            storage.delete(name)
        storage.save(name, body)
    except Exception as error:
        raise QuarantineError(f"The quarantine cannot be written: {error}") from error


def remove(token: str) -> None:
    """The movement is finished. A failure leaves an entry that the sweep finds settled."""
    try:
        quarantine_storage().delete(path(token))
    except Exception:
        logger.exception("Cannot remove the journal entry %s; nsfw_sweep will", token)


def entries() -> Iterator[Entry]:
    """Every unfinished movement, in no order."""
    storage = quarantine_storage()
    try:
        names = storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        return
    for base in names:
        name = f"{FOLDER}/{base}"
        try:
            with storage.open(name) as file:
                facts = json.loads(file.read())
            written = storage.get_modified_time(name)
        except FileNotFoundError:
            continue  # finished meanwhile
        except ValueError:
            facts, written = None, storage.get_modified_time(name)
        yield Entry(token=base.removesuffix(".json"), facts=facts, written=written)


def path(token: str) -> str:
    return f"{FOLDER}/{token}.json"
