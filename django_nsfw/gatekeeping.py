"""What happens to an upload at the gate: it is examined, and stored where that says."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db import models

from . import quarantine, runners
from .gate import OUTCOMES
from .listings import annotation
from .policy import Action
from .registry import WatchedField
from .scanning import Examination, Outcome, examine, uploader_id

logger = logging.getLogger(__name__)


class Gatekeeper:
    """Stands in for the storage during one ``FieldFile.save``.

    The field's own file is judged. What a subclass stores besides, before or after it, is made
    from the same upload: it is kept back wherever the file itself is, or by its own score while
    that is not known. It belongs to no object, so no scan is recorded and the sweep takes it up.
    """

    def __init__(self, storage: Storage, watched: WatchedField, instance: models.Model) -> None:
        self._storage = storage
        self._watched = watched
        self._instance = instance
        self._own_file_is_next = False
        self._examination: Examination | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    @property
    def unmoderated(self) -> "Gatekeeper":
        """Nobody gets past it to the storage."""
        return self

    @property
    def held(self) -> bool:
        return self._examination is not None and self._examination.action is Action.HOLD

    def expect_own_file(self) -> None:
        self._own_file_is_next = True

    def save(self, name: str, content: "File[Any]", max_length: int | None = None) -> str:
        own, self._own_file_is_next = self._own_file_is_next, False
        if self._examination is not None and not own and not self.held:
            return self._storage.save(name, content, max_length=max_length)
        with seekable(content) as body:
            examination = examine(
                body,
                name=name,
                options=self._watched.options,
                instance=self._instance,
                field_name=self._watched.field.name,
                scores=not runners.current().background,
            )
            if examination.action is Action.HOLD or self.held:
                outcome = hold(
                    body,
                    name=name,
                    storage=self._storage,
                    max_length=max_length,
                    watched=self._watched,
                    instance=self._instance,
                    examination=examination,
                )
            else:
                _name_kind(body, examination.assessment.format)
                stored = self._storage.save(name, body, max_length=max_length)
                outcome = Outcome(examination=examination, name=stored, original_name=name)
        if own:
            self._examination = examination
            # What a list said of the file before does not hold for this one.
            vars(self._instance).pop(annotation(self._watched.field.name), None)
        # The row will name one of them: its own file, even where a subclass stores that by itself.
        outcomes = vars(self._instance).setdefault(OUTCOMES, {})
        outcomes.setdefault(self._watched.field.name, {})[outcome.name] = outcome
        return outcome.name


def hold(
    content: "File[Any]",
    *,
    name: str,
    storage: Storage,
    max_length: int | None,
    watched: WatchedField,
    instance: models.Model | None,
    examination: Examination,
) -> Outcome:
    """Keep an upload back, before there is a row that names it. See ``quarantine.hold_upload``.

    Its entry in the journal stands until a scan of this outcome is recorded; without one, the sweep
    records a scan of no object.
    """
    assessment, match = examination.assessment, examination.match
    if assessment.failure is not None and not examination.settled:
        logger.warning(
            "%s: %r is held unscored: %s: %s",
            watched.label, name, assessment.failure.code, assessment.failure.message,
        )  # fmt: skip
    held = quarantine.hold_upload(
        content,
        name=name,
        storage=storage,
        max_length=max_length,
        assessment=assessment,
        facts={
            "field": watched.label,
            "original_name": name,
            "sha256": assessment.sha256,
            "verdict": examination.verdict.value,
            "settled": examination.settled,
            "pending": examination.pending,
            "known": match and _plain(match.known),
            "known_distance": match and match.distance,
            "uploader": _plain(uploader_id(instance, examination.policy.uploader)),
            "assessment": assessment.as_json(),
        },
    )
    return Outcome(
        examination=examination,
        name=held.name,
        original_name=name,
        quarantine_name=held.quarantine_name,
        token=held.token,
    )


def _name_kind(content: "File[Any]", image_format: str) -> None:
    """Object stores serve a file as what it came as, and the sender may have called it a page."""
    if image_format and hasattr(content, "content_type"):
        content.content_type = f"image/{image_format.lower()}"


def _plain(value: Any) -> int | str | None:
    """A primary key as JSON can say it."""
    return value if value is None or isinstance(value, int) else str(value)


@contextmanager
def seekable(content: "File[Any]") -> "Iterator[File[Any]]":
    """Bytes are read twice, to score and to store; a stream is put on disk first."""
    if not hasattr(content, "chunks"):  # storages take any stream, as long as it has read()
        content = File(content)
    if _can_seek(content):
        yield content
        return
    with tempfile.TemporaryFile() as spooled:
        for chunk in content.chunks():
            spooled.write(chunk.encode() if isinstance(chunk, str) else chunk)
        yield File(spooled, name=content.name)


def _can_seek(content: "File[Any]") -> bool:
    try:
        return content.seekable() and content.tell() >= 0
    except AttributeError:  # ``File`` believes a stream that cannot be asked
        return False
