"""Every write of a watched field passes here, before its storage sees a byte.

``FieldFile.save`` is where ``Model.save()``, ``bulk_create()`` and ``instance.file.save(…)``
meet, after every ``pre_save`` receiver and after what subclasses do to the content (resizing
fields do). The gate sits behind all of that, at the call of ``Storage.save``: the bytes that are
scored are the bytes that would be stored.
"""

import tempfile
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db import models
from django.db.models.fields.files import FieldFile

from . import quarantine
from .policy import Action
from .registry import WatchedField, registry
from .scanning import Examination, Outcome, examine, uploader_id

OUTCOMES = "_nsfw_outcomes"
"""Attribute of a host's instance: field name → ``Outcome``, until its row is saved."""


def install(watched: WatchedField) -> None:
    """Put the gate into a field. Idempotent; a field that is watched no more passes freely."""
    field = watched.field
    if not issubclass(field.attr_class, GatedFieldFile):
        field.attr_class = gated(field.attr_class)


class GatedFieldFile(FieldFile):
    """Mixed into the ``attr_class`` of a watched field."""

    def save(self, name: str, content: "File[Any]", save: bool = True) -> None:
        watched = registry.get(self.field)
        if watched is None:
            super().save(name, content, save=save)
            return
        storage = self.storage
        gate = _Gate(storage, watched, self.instance)
        self.storage = gate  # type: ignore[assignment]
        try:
            super().save(name, content, save=False)
        finally:
            self.storage = storage
        if gate.outcome is not None:
            vars(self.instance).setdefault(OUTCOMES, {})[self.field.name] = gate.outcome
        if save:
            self.instance.save()

    save.alters_data = True  # type: ignore[attr-defined]

    def __reduce__(self) -> tuple[Any, ...]:
        # The class is made at run time and has no name that pickle could find.
        return _revive, (type(self).__mro__[2],), self.__getstate__()


_gated: dict[type[FieldFile], type[GatedFieldFile]] = {}


def gated(base: type[FieldFile]) -> type[GatedFieldFile]:
    """``base`` with the gate in front, for fields that bring a ``FieldFile`` of their own."""
    if base not in _gated:
        _gated[base] = type(f"Gated{base.__name__}", (GatedFieldFile, base), {})
    return _gated[base]


def _revive(base: type[FieldFile]) -> FieldFile:
    cls = gated(base)
    return cls.__new__(cls)


class _Gate:
    """Stands in for the storage during one ``FieldFile.save``. Only the first file is judged:
    what a subclass stores besides is made from it."""

    def __init__(self, storage: Storage, watched: WatchedField, instance: models.Model) -> None:
        self._storage = storage
        self._watched = watched
        self._instance = instance
        self.outcome: Outcome | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def save(self, name: str, content: "File[Any]", max_length: int | None = None) -> str:
        if self.outcome is not None:
            return self._storage.save(name, content, max_length=max_length)
        content = _seekable(content)
        examination = examine(
            content,
            name=name,
            options=self._watched.options,
            instance=self._instance,
            field_name=self._watched.field.name,
        )
        if examination.action is Action.HOLD:
            self.outcome = self._hold(name, content, max_length, examination)
        else:
            stored = self._storage.save(name, content, max_length=max_length)
            self.outcome = Outcome(examination=examination, name=stored, original_name=name)
        return self.outcome.name

    def _hold(
        self, name: str, content: "File[Any]", max_length: int | None, examination: Examination
    ) -> Outcome:
        held = quarantine.hold_upload(
            content,
            name=name,
            storage=self._storage,
            max_length=max_length,
            assessment=examination.assessment,
            facts={
                "field": self._watched.label,
                "original_name": name,
                "sha256": examination.assessment.sha256,
                "verdict": examination.verdict.value,
                "uploader": _plain(uploader_id(self._instance, examination.policy.uploader)),
                "assessment": examination.assessment.as_json(),
            },
        )
        return Outcome(
            examination=examination,
            name=held.name,
            original_name=name,
            quarantine_name=held.quarantine_name,
            journal=held.token,
        )


def _plain(value: Any) -> int | str | None:
    """A primary key as JSON can say it."""
    return value if value is None or isinstance(value, int) else str(value)


def _seekable(content: "File[Any]") -> "File[Any]":
    """Bytes are read twice, to score and to store; a stream is put on disk first."""
    if content.seekable():
        return content
    spooled = tempfile.TemporaryFile()  # noqa: SIM115 - the host's save reads it after us
    for chunk in content.chunks():
        spooled.write(chunk)
    return File(spooled, name=content.name)
