"""A row is deleted → so is its file. What is held goes with it, as with any object."""

import logging
from functools import partial
from typing import Any

from django.core.files.storage import Storage
from django.db import transaction
from django.db.models.signals import post_delete

from .models import StoredFile

logger = logging.getLogger(__name__)


def connect() -> None:
    post_delete.connect(
        delete_file, sender=StoredFile, dispatch_uid="django_nsfw.contrib.stored_files"
    )


def delete_file(sender: type[StoredFile], instance: StoredFile, using: str, **kwargs: Any) -> None:
    """After the commit: a rollback brings the row back, and it needs its file."""
    if instance.file:
        delete = partial(_delete, instance.file.storage, str(instance.file.name))
        transaction.on_commit(delete, using=using, robust=True)


def _delete(storage: Storage, name: str) -> None:
    try:
        storage.delete(name)
    except Exception:
        logger.exception("%r is deleted from the table and stays in its storage", name)
