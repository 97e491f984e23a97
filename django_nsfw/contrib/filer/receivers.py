"""django-filer moves, copies and rewrites stored files by itself: their scans go along.

Between public and private, a file goes to another storage under another name; a copied object
names the file of the first one, and then a copy of it. None of this is an upload: no gate sees it.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.files.storage import Storage
from django.db import models
from django.db.models.signals import post_save, pre_save
from filer.models import File

from ...bodies import digest
from ...models.keys import pk_as_text
from ...quarantine.rows import Row
from ...registry import registry
from ...stored import record_moved, record_named

_STOOD = "_nsfw_stood"
"""Attribute of an instance, while it is saved: what its row said before."""


@dataclass(frozen=True)
class _Stood:
    name: str
    is_public: bool
    sha1: str


def connect() -> None:
    """On each model of files, those of the site as well."""
    for model in apps.get_models():
        if issubclass(model, File):
            uid = f"django_nsfw.contrib.filer.{model._meta.label}"
            pre_save.connect(look_at_row, sender=model, dispatch_uid=uid)
            post_save.connect(follow_file, sender=model, dispatch_uid=uid)


def look_at_row(
    sender: type[models.Model], instance: Any, raw: bool, using: str, **kwargs: Any
) -> None:
    """One query, where no new file is uploaded: what becomes of an upload the gate sees."""
    vars(instance).pop(_STOOD, None)
    field = File._meta.get_field("file")
    if raw or instance.pk is None or registry.get(field) is None:
        return
    if instance.file and not instance.file._committed:
        return
    rows = File.objects.using(using).filter(pk=instance.pk)
    stood = rows.values_list("file", "is_public", "sha1").first()
    if stood is not None and stood[0]:
        setattr(instance, _STOOD, _Stood(*stood))


def follow_file(sender: type[models.Model], instance: Any, using: str, **kwargs: Any) -> None:
    stood: _Stood | None = vars(instance).pop(_STOOD, None)
    now = instance.file.name
    field = File._meta.get_field("file")
    watched = registry.get(field)
    if stood is None or watched is None or not now:
        return
    if now == stood.name:
        if instance.sha1 != stood.sha1:  # resized in place
            record_named(instance, watched, using=using)
    elif stood.is_public != instance.is_public or _same(instance.file.storage, stood.name, now):
        row = Row(field, pk_as_text(instance.pk), using, located=instance.file.storage)
        record_moved(row, before=stood.name, after=now)
    else:
        record_named(instance, watched, using=using)


def _same(storage: Storage, before: str, after: str) -> bool:
    """Whether the one is a copy of the other, which is still there then."""
    try:
        if storage.size(before) != storage.size(after):
            return False
        with storage.open(before) as first, storage.open(after) as second:
            return digest(first) == digest(second)
    except Exception:  # noqa: BLE001 - one is missing, or the storage fails: no reason to fail here
        return False
