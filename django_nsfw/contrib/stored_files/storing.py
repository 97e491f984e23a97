"""A file that is saved into a moderated storage → a row, whose field has the gate."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.utils import validate_file_name
from django.db import DatabaseError, IntegrityError, connections, router, transaction
from django.db.models import Q

from ...exceptions import StorageError
from ...gatekeeping import seekable
from ...policy import OTHER_FILE
from ...quarantine.rows import has_table
from ...scanning import examined, user_in
from ...shield import Shield
from ...validators import MESSAGES, NSFWValidator
from .exceptions import FileRefused
from .models import StoredFile
from .storages import ModeratedStorageMixin

ATTEMPTS = 5
"""To find a name that nobody else takes at the same moment."""

BATCH = 500
"""Names in one query; SQLite may be built to take no more than 999."""

_uploader: ContextVar[Any] = ContextVar("nsfw_uploader", default=None)
_looking = Shield()


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
    files, whatever the policy lets through.
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
    with transaction.atomic(using=using):
        # Whoever decides about the file has locked the row, and may change where it is.
        rows = StoredFile.objects.using(using).select_for_update()
        row = _quietly(rows.filter(storage=storage.alias, name=name).first, using)
        if row is None:
            return False
        file, place = row.file.name, row.file.storage
        row.delete(using=using)
    if file and not connections[using].in_atomic_block and place.exists(file):
        raise StorageError(f"{name!r} is still in STORAGES[{storage.alias!r}]: see the log.")
    return True


def standing(alias: str, name: str) -> str | None:
    """What the storage behind an alias has in the place of ``name``; None for a name that was not
    given out. One query, which an index serves."""
    using = router.db_for_read(StoredFile)
    rows = StoredFile.objects.using(using).filter(storage=alias, name=name)
    found: str | None = _quietly(rows.values_list("file", flat=True).first, using)
    return found


def is_taken(name: str) -> bool:
    """Whether a name was given out, or something stands under it, in any of the storages."""
    using = router.db_for_write(StoredFile)
    rows = StoredFile.objects.using(using).filter(Q(name=name) | Q(file=name))
    return bool(_quietly(rows.exists, using))


def names_of(alias: str, files: Sequence[str]) -> Mapping[str, str]:
    """What stands in a storage → the name that was given out for it."""
    using = router.db_for_read(StoredFile)
    rows = StoredFile.objects.using(using).filter(storage=alias).values_list("file", "name")
    found: dict[str, str] = {}
    for at in range(0, len(files), BATCH):
        batch = rows.filter(file__in=files[at : at + BATCH])
        found.update(_quietly(partial(list, batch), using) or ())
    return found


def _examine(upload: Any, *, pictures_only: bool) -> None:
    try:
        NSFWValidator()(upload)
        found = examined(upload)
        failure = found and found.assessment.failure
        if pictures_only and failure and failure.code == OTHER_FILE:
            message: Any = MESSAGES[OTHER_FILE]
            raise ValidationError(message, code=OTHER_FILE, params=dict(failure.params))
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


def _quietly(query: Any, using: str) -> Any:
    """None as well where nobody has run ``migrate`` yet: no name was given out then."""
    try:
        with _looking(using):
            return query()
    except DatabaseError:
        if connections[using].needs_rollback or has_table(using, StoredFile):
            raise
        return None
