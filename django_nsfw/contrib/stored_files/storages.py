"""Storages that look at what they are given, for whatever is saved without a model.

Importable from a settings module and from a ``models.py``: the app is needed when a file comes.
"""

import io
import posixpath
from collections.abc import Callable
from datetime import datetime
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from django.core.exceptions import ImproperlyConfigured
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.urls import reverse
from django.utils.functional import cached_property

from ...conf import QUARANTINE_ALIAS
from ...policy import Policy, PolicyOptions
from .aliases import backend_of

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="ModeratedStorageMixin")


def _moderated(method: Callable[Concatenate[M, P], R]) -> Callable[Concatenate[M, P], R]:
    """Of the storage behind, it is what the class behind the mixin does."""

    def either(self: M, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._is_behind:
            behind = getattr(super(ModeratedStorageMixin, self), method.__name__)
            result: R = behind(*args, **kwargs)
            return result
        return method(self, *args, **kwargs)

    return cast("Callable[Concatenate[M, P], R]", update_wrapper(either, method))


class ModeratedStorageMixin(Storage):
    """Put it before the class that keeps the files, and name that in ``STORAGES``::

        class ModeratedS3Storage(ModeratedStorageMixin, S3Storage):
            pass

    ``save()`` examines. What the policy rejects, and what is no readable picture, raises
    :class:`~django_nsfw.contrib.stored_files.exceptions.FileRefused`; what it holds goes to the
    quarantine, and a placeholder stands there. The name that it returns stays good, and so does
    the address that ``url()`` gives for it: both lead to what stands there now. Names that it never
    gave out are those of the class behind.

    ``policy``: policy keys for the files of this storage.
    """

    needs_app = "django_nsfw.contrib.stored_files"
    """What must be in ``INSTALLED_APPS``; the system checks ask."""

    policy: PolicyOptions
    _is_behind = False
    _constructor_args: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **options: Any) -> Self:
        made = super().__new__(cls)
        made._constructor_args = args, options  # as Django's ``deconstructible`` keeps them
        return made

    def __init__(self, *args: Any, policy: PolicyOptions | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.policy = policy or {}
        try:
            Policy.of(self.policy)
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"{type(self).__name__}: policy: {error}") from error

    @cached_property
    def alias(self) -> str:
        """Its key in ``STORAGES``, by which rows name it. One that was built elsewhere, from a
        path to its class, is the only entry of that class."""
        same = [alias for alias in storages.backends if backend_of(alias) is type(self)]
        for alias in same:
            if storages[alias] is self:
                return alias
        if len(same) != 1:
            raise ImproperlyConfigured(
                f"STORAGES has {len(same) or 'no'} entries of {type(self).__module__}."
                f"{type(self).__qualname__}: a moderated storage is one of its entries, and others "
                "name it by its alias."
            )
        return same[0]

    @cached_property
    def unmoderated(self) -> "ModeratedStorageMixin":
        """The same storage as it would be without the mixin: what the app itself writes there was
        examined. One for each entry of ``STORAGES``."""
        if self._is_behind:
            return self
        configured: Any = storages[self.alias]
        if configured is not self:
            found: ModeratedStorageMixin = configured.unmoderated
            return found
        args, options = self._constructor_args
        behind: ModeratedStorageMixin = type(self)(*args, **options)
        behind._is_behind = True
        return behind

    @_moderated
    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        if self.alias == QUARANTINE_ALIAS:
            raise ImproperlyConfigured(
                f"STORAGES[{QUARANTINE_ALIAS!r}] keeps what is held and must not be moderated."
            )
        from .storing import store

        return str(store(self, name, content, max_length=max_length).name)

    @_moderated
    def open(self, name: str, mode: str = "rb") -> "File[Any]":
        if set(mode) & set("wax+"):
            raise io.UnsupportedOperation(
                f"{name!r}: files of {type(self).__name__} are written by save(), which looks at "
                "them first."
            )
        return self.unmoderated.open(self._standing(name), mode)

    @_moderated
    def delete(self, name: str) -> None:
        from .storing import forget

        if not forget(self, name):
            self.unmoderated.delete(name)

    @_moderated
    def exists(self, name: str) -> bool:
        return self.unmoderated.exists(self._standing(name))

    @_moderated
    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """The names that were given out, and those of files that were there before."""
        from .looking_up import names_of

        folders, found = self.unmoderated.listdir(path)
        folder = "" if path in ("", ".", "/") else path
        files = [posixpath.join(folder, each) for each in found]
        names = names_of(self.alias, files)
        return folders, [posixpath.basename(names.get(file, file)) for file in files]

    @_moderated
    def size(self, name: str) -> int:
        return self.unmoderated.size(self._standing(name))

    @_moderated
    def path(self, name: str) -> str:
        return self.unmoderated.path(self._standing(name))

    @_moderated
    def url(self, name: str | None, *args: Any, **kwargs: Any) -> str:
        from .looking_up import standing

        if not name or standing(self.alias, name) is None:
            return self.unmoderated.url(name, *args, **kwargs)
        return reverse("nsfw_stored_files:file", args=[self.alias, name])

    @_moderated
    def get_accessed_time(self, name: str) -> datetime:
        return self.unmoderated.get_accessed_time(self._standing(name))

    @_moderated
    def get_created_time(self, name: str) -> datetime:
        return self.unmoderated.get_created_time(self._standing(name))

    @_moderated
    def get_modified_time(self, name: str) -> datetime:
        return self.unmoderated.get_modified_time(self._standing(name))

    @_moderated
    def is_name_available(self, name: str, max_length: int | None = None) -> bool:
        """Nothing is ever overwritten, whatever the class behind would do: texts name it."""
        from .looking_up import is_taken

        if max_length is not None and len(name) > max_length:
            return False
        return not is_taken(name) and not self.unmoderated.exists(name)

    @_moderated
    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return Storage.get_available_name(self, name, max_length=max_length)

    @_moderated
    def get_alternative_name(self, file_root: str, file_ext: str) -> str:
        return Storage.get_alternative_name(self, file_root, file_ext)

    def _standing(self, name: str) -> str:
        from .looking_up import standing

        found = standing(self.alias, name)
        return name if found is None else found


class ModeratedFileSystemStorage(ModeratedStorageMixin, FileSystemStorage):
    """Django's own, with the mixin before it."""
