"""Which entries of ``STORAGES`` are moderated. Their storages are not built for it."""

from collections.abc import Iterator
from typing import Any

from django.core.files.storage import storages
from django.utils.module_loading import import_string


def moderated() -> Iterator[str]:
    """The aliases whose files are examined when they are saved."""
    from .storages import ModeratedStorageMixin

    for alias in storages.backends:
        backend = backend_of(alias)
        if isinstance(backend, type) and issubclass(backend, ModeratedStorageMixin):
            yield alias


def backend_of(alias: str) -> Any:
    """The class of an entry; None where it cannot be imported, which others complain about."""
    configured: Any = storages.backends
    try:
        return import_string(configured[alias]["BACKEND"])
    except (ImportError, KeyError, TypeError):
        return None
