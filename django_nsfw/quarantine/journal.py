"""What is under way in the quarantine storage, so that a crash between two steps can be mended.

An entry is written before the first byte moves and removed when the database has committed what
it announced. It is a file beside the held bytes and no database row, because the row would be
rolled back together with the upload whose bytes are already there.
"""

import json
import logging
import posixpath
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import InvalidStorageError
from django.db import DatabaseError, transaction

from ..conf import QUARANTINE_ALIAS
from ..exceptions import DecisionRefused, QuarantineError
from .faults import quarantine_cannot

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
        if QUARANTINE_ALIAS in storages.backends:
            raise QuarantineError(
                f'STORAGES["{QUARANTINE_ALIAS}"] cannot be built: {error}'
            ) from error
        raise QuarantineError(
            f"STORAGES has no {QUARANTINE_ALIAS!r}. Add a storage that no visitor can reach; "
            "held images are kept there."
        ) from error


@contextmanager
def movement(
    token: str,
    facts: Mapping[str, Any],
    *,
    finish: Callable[[], None],
    undo: Callable[[], None],
    using: str | None,
) -> Iterator[None]:
    """Announce a movement that takes part in the caller's transaction in ``using``.

    ``finish`` runs when that commits, ``undo`` where the movement is refused, and either ends the
    announcement. After anything else it stands, and the sweep looks at what is true.
    """
    write(token, facts)
    try:
        yield
    except (DecisionRefused, DatabaseError):  # a deadlock, and whoever lost it
        _end(token, undo)
        raise
    transaction.on_commit(lambda: _end(token, finish), using=using, robust=True)


def write(token: str, facts: Mapping[str, Any]) -> None:
    """Announce a movement."""
    _save(path(token), facts)


def settle_names(token: str, facts: dict[str, Any], **names: str) -> None:
    """A storage may choose other names than it was asked for; the journal follows.

    The announcement stays until that is written.
    """
    if any(facts[key] != name for key, name in names.items()):
        facts.update(names)
        _save(path(token, again=True), facts)


def take_over(token: str, facts: Mapping[str, Any]) -> None:
    """Tell who announced a movement, and may be under way still, to give up: see ``stands``."""
    with quarantine_cannot("be written"):
        storage = quarantine_storage()
        if storage.exists(path(token)):
            storage.delete(path(token, again=True))
            _save(path(token, again=True), facts)
            storage.delete(path(token))


def stands(token: str) -> bool:
    """Whether no sweep has ended or taken over what was announced."""
    with quarantine_cannot("be read"):
        return quarantine_storage().exists(path(token))


def remove(token: str) -> None:
    """The movement is finished. A failure leaves an entry that the sweep finds settled."""
    try:
        storage = quarantine_storage()
        storage.delete(path(token))
        storage.delete(path(token, again=True))
    except Exception:
        logger.exception("Cannot remove the journal entry %s; nsfw_sweep will", token)


def entries() -> Iterator[Entry]:
    """Every unfinished movement, in no order. Raises ``QuarantineError``."""
    storage = quarantine_storage()
    try:
        with quarantine_cannot("be listed"):
            names = set(storage.listdir(FOLDER)[1])
    except FileNotFoundError:
        return
    for token in sorted({base.partition(".")[0] for base in names}):
        paths = [path(token, again=True), path(token)]
        found = [_read(storage, name) for name in paths if posixpath.basename(name) in names]
        whole = [entry for entry in found if entry and entry.facts is not None]
        yield from (whole or [entry for entry in found if entry])[:1]


def _end(token: str, last_step: Callable[[], None]) -> None:
    """What fails now stays announced for the sweep."""
    try:
        last_step()
    except Exception:
        logger.exception("Cannot end the movement %s; nsfw_sweep will", token)
    else:
        remove(token)


def _save(name: str, facts: Mapping[str, Any]) -> None:
    body = ContentFile(json.dumps(facts, ensure_ascii=True).encode())
    try:
        with quarantine_cannot("be written"):
            quarantine_storage().save(name, body)
    except FileNotFoundError as error:
        raise QuarantineError(f"The quarantine cannot be written: {error}") from error


def _read(storage: Storage, name: str) -> Entry | None:
    """None where it was finished meanwhile."""
    try:
        with quarantine_cannot("be read"):
            with storage.open(name) as file:
                body = file.read()
            written = storage.get_modified_time(name)
    except FileNotFoundError:
        return None
    except QuarantineError:
        # Object stores have errors of their own for what vanishes between two calls.
        with quarantine_cannot("be read"):
            if not storage.exists(name):
                return None
        raise
    try:
        facts = json.loads(body)
    except ValueError:
        facts = None
    token = posixpath.basename(name).partition(".")[0]
    return Entry(token=token, facts=facts, written=written)


def path(token: str, *, again: bool = False) -> str:
    return f"{FOLDER}/{token}{'.again' if again else ''}.json"
