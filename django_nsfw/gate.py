"""Every write of a watched field passes here, before its storage sees a byte.

``FieldFile.save`` is where ``Model.save()``, ``bulk_create()`` and ``instance.file.save(…)``
meet, after every ``pre_save`` receiver and after what subclasses do to the content (resizing
fields do). The gate sits behind all of that, at the call of ``Storage.save``: the bytes that are
scored are the bytes that would be stored. Who keeps it is called with the first upload: every
process of a site has the gate, and many never see a file.
"""

from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db.models.fields.files import FieldFile, FileDescriptor, ImageFileDescriptor

from .registry import WatchedField, registry

OUTCOMES = "_nsfw_outcomes"
"""Attribute of a host's instance: field name → name of the stored file → ``Outcome``. An upload
that was given up for another file is told from it by its name."""


def install(watched: WatchedField) -> None:
    """Put the gate into a field. Idempotent; a field that is watched no more passes freely."""
    field = watched.field
    if not issubclass(field.attr_class, GatedFieldFile):
        field.attr_class = gated(field.attr_class)


class GatedFieldFile(FieldFile):
    """Mixed into the ``attr_class`` of a watched field, before everything in it."""

    gated_base: type[FieldFile] = FieldFile

    def save(self, name: str, content: "File[Any]", save: bool = True) -> None:
        from .gatekeeping import Gatekeeper

        watched = registry.get(self.field)
        if watched is None or isinstance(self.storage, Gatekeeper):
            super().save(name, content, save=save)
            return
        storage = self.storage
        self.storage = Gatekeeper(_behind(storage), watched, self.instance)  # type: ignore[assignment]
        try:
            super().save(name, content, save=save)
        finally:
            self.storage = storage

    save.alters_data = True  # type: ignore[attr-defined]

    def __reduce__(self) -> tuple[Any, ...]:
        # The class is made at run time and has no name that pickle could find.
        return _revive, (self.gated_base,), self.__getstate__()


class _Threshold(FieldFile):
    """Mixed in after everything but ``FieldFile``: what it stores is the field's own file."""

    def save(self, name: str, content: "File[Any]", save: bool = True) -> None:
        from .gatekeeping import Gatekeeper

        keeper = self.storage
        if not isinstance(keeper, Gatekeeper):
            super().save(name, content, save=save)
            return
        keeper.expect_own_file()
        super().save(name, content, save=False)
        if keeper.held:
            self.file = None  # who reads on from here reads what was stored
            self._assign_anew()
        if save:
            self.instance.save()

    save.alters_data = True  # type: ignore[attr-defined]

    def _assign_anew(self) -> None:
        """Fields of some hosts work out size or digest when a file is assigned; what they know is
        that of the upload. Django's own look at what was stored."""
        if self.field.descriptor_class in _OWN_DESCRIPTORS:
            return
        vars(self.instance)[self.field.attname] = ""
        setattr(self.instance, self.field.attname, self.name)
        getattr(self.instance, self.field.attname).close()
        vars(self.instance)[self.field.attname] = self.name


_OWN_DESCRIPTORS = (FileDescriptor, ImageFileDescriptor)

_gated: dict[type[FieldFile], type[GatedFieldFile]] = {}


def gated(base: type[FieldFile]) -> type[GatedFieldFile]:
    """``base`` with the gate around it, for fields that bring a ``FieldFile`` of their own."""
    if base not in _gated:
        between = () if base is FieldFile else (base,)
        bases: tuple[type[FieldFile], ...] = (GatedFieldFile, *between, _Threshold)
        own: dict[str, Any] = {"gated_base": base}
        if not hasattr(base, "storage"):  # a host may have its own idea of where a file is
            own["storage"] = property(_get_storage, _set_storage)
        _gated[base] = type(f"Gated{base.__name__}", bases, own)
    return _gated[base]


def _behind(storage: Storage) -> Storage:
    """As ``quarantine.places.plain``: the gate has looked, or will, and nobody needs to again."""
    behind: Storage = getattr(storage, "unmoderated", storage)
    return behind


def _get_storage(file: FieldFile) -> Storage:
    """Asked when a file is read or written, and not when an object is made."""
    return _behind(vars(file)["storage"])


def _set_storage(file: FieldFile, storage: Storage) -> None:
    vars(file)["storage"] = storage


def _revive(base: type[FieldFile]) -> FieldFile:
    cls = gated(base)
    return cls.__new__(cls)
