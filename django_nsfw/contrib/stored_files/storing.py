"""A file that is saved into a moderated storage → a row, whose field has the gate."""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.utils import validate_file_name
from django.db import IntegrityError, connections, router, transaction

from ...exceptions import FILE_FAULTS, StorageError
from ...gatekeeping import seekable
from ...scanning import examined, user_in
from ...validators import NSFWValidator
from .exceptions import FileRefused
from .looking_up import quietly
from .models import Deletion, StoredFile
from .storages import ModeratedStorageMixin

ATTEMPTS = 5
"""To find a name that nobody else takes at the same moment."""

_uploader: ContextVar[Any] = ContextVar("nsfw_uploader", default=None)


@contextmanager
def uploaded_by(user: Any) -> Iterator[None]:
    """What is saved within is from ``user``: a storage does not know of requests."""
    token = _uploader.set(user if getattr(user, "pk", None) is not None else None)
    try:
        yield
    finally:
        _uploader.reset(token)


def store(
    storage: ModeratedStorageMixin,
    name: str | None,
    content: Any,
    *,
    max_length: int | None = None,
    pictures_only: bool = False,
) -> StoredFile:
    """Examine, and store what passes or is held. Raises ``FileRefused``, and what the storage and
    the quarantine raise; then there is no row.

    The score comes first, while no transaction of ours is open. ``pictures_only`` refuses other
    files and broken pictures, whatever the policy lets through.
    """
    name = str(content.name if name is None else name).replace("\\", "/")
    validate_file_name(name, allow_relative_path=True)
    field: Any = StoredFile._meta.get_field("file")
    using = router.db_for_write(StoredFile)
    user = _uploader.get()
    uploader = user and user_in(using, user.pk, certain=user._state.db == using)
    with seekable(content) as body:
        row = StoredFile(storage=storage.alias, name=name, uploader_id=uploader)
        upload = field.attr_class(row, field, name)
        upload.file, upload._committed = body, False
        _examine(upload, pictures_only=pictures_only)
        with transaction.atomic(using=using):
            _take_a_name(row, storage, max_length, using)
            upload.save(row.name, body, save=False)
            row.save(using=using, update_fields=["file"])
    return row


def forget(storage: ModeratedStorageMixin, name: str) -> bool:
    """Delete what stands under a name, and what was held of it. False where it has no row."""
    using = router.db_for_write(StoredFile)
    rows = StoredFile.objects.using(using).filter(storage=storage.alias, name=name)
    row = quietly(rows.first, using)
    if row is None:
        return False
    row.delete(using=using)
    if not connections[using].in_atomic_block:
        orders = Deletion.objects.using(using)
        if orders.filter(storage=row.storage, file=row.file.name).exists():
            raise StorageError(f"{name!r} is still in STORAGES[{storage.alias!r}]: see the log.")
    return True


def _examine(upload: Any, *, pictures_only: bool) -> None:
    validator = NSFWValidator()
    try:
        validator(upload)
        found = examined(upload)
        failure = found and found.assessment.failure
        if pictures_only and failure and failure.code in FILE_FAULTS:
            raise validator.error(failure.code, failure.params)
    except ValidationError as error:
        raise FileRefused(error, name=upload.name) from None


def _take_a_name(
    row: StoredFile, storage: ModeratedStorageMixin, max_length: int | None, using: str
) -> None:
    """The row comes before the file: of two who want a name at once, the database refuses one."""
    longest: int = StoredFile._meta.get_field("name").max_length  # type: ignore[assignment]
    limit = min(longest, max_length or longest)
    wanted = row.name
    for attempt in range(ATTEMPTS):
        row.name = storage.get_available_name(wanted, max_length=limit)
        try:
            with transaction.atomic(using=using):
                row.save(using=using, force_insert=True)
            return
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
            # What the other one has done this transaction may not see yet.
            folder, base = posixpath.split(wanted)
            wanted = posixpath.join(folder, storage.get_alternative_name(*posixpath.splitext(base)))
