"""A row is deleted → so is its file, once that is committed. What is held goes as with any object.

The order is a row, committed or rolled back together with its reason. Whoever finds it may carry it
out: the process that gave it, or the sweep after a crash or while a storage does not answer.
"""

import logging
from collections.abc import Iterator
from functools import partial

from django.db import router, transaction

from ...findings import Finding, Mended
from ...quarantine.faults import said_by
from .fields import storage_at
from .models import Deletion, StoredFile

logger = logging.getLogger(__name__)


def order(instance: StoredFile, using: str) -> None:
    """In the transaction in which the row is deleted."""
    deletion = Deletion(storage=instance.storage, file=instance.file.name)
    deletion.save(using=using, force_insert=True)
    transaction.on_commit(partial(_carry_out_quietly, deletion, using), using=using, robust=True)


def carry_out_orders(*, dry_run: bool) -> Iterator[Mended]:
    """Those that a crash or a storage that failed left over: a part of the sweep."""
    using = router.db_for_write(Deletion)
    for deletion in Deletion.objects.using(using).order_by("pk").iterator():
        subject = f"{deletion.file} in STORAGES[{deletion.storage!r}]"
        try:
            if not dry_run:
                carry_out(deletion, using)
        except Exception as error:
            logger.exception("%s is not deleted", subject)
            detail = f"{said_by(error).rstrip('.')}. It is still there; sweep again."
            yield Mended(finding=Finding.FAILED, subject=subject, detail=detail)
        else:
            detail = "its row was deleted, and now so is the file"
            yield Mended(finding=Finding.DISCARDED, subject=subject, detail=detail)


def carry_out(deletion: Deletion, using: str) -> None:
    """Nobody is given the name before the order is gone, and that is gone when the file is."""
    with transaction.atomic(using=using):
        if Deletion.objects.using(using).filter(pk=deletion.pk).delete()[0]:
            storage_at(deletion.storage).delete(deletion.file)


def _carry_out_quietly(deletion: Deletion, using: str) -> None:
    try:
        carry_out(deletion, using)
    except Exception:
        logger.exception(
            "%r is deleted from the table and stays in its storage; nsfw_sweep will delete it",
            deletion.file,
        )
