"""Connected to the rows of files, and to the sweep. What they do is imported when they are called:
connecting them is part of every start."""

from collections.abc import Iterable
from typing import Any

from django.db.models.signals import post_delete, pre_delete

from ...models import Scan
from ...signals import sweeping
from .models import StoredFile

UID = "django_nsfw.contrib.stored_files"


def connect() -> None:
    pre_delete.connect(look_again, sender=StoredFile, dispatch_uid=UID)
    post_delete.connect(delete_file, sender=StoredFile, dispatch_uid=UID)
    sweeping.connect(mend, sender=Scan, dispatch_uid=UID)


def look_again(sender: type[StoredFile], instance: StoredFile, using: str, **kwargs: Any) -> None:
    """Whoever decides about a file locks its row, and may have moved it since that was read."""
    rows = StoredFile.objects.using(using).select_for_update().filter(pk=instance.pk)
    instance.file = rows.values_list("file", flat=True).first() or ""


def delete_file(sender: type[StoredFile], instance: StoredFile, using: str, **kwargs: Any) -> None:
    if instance.file:
        from .deleting import order

        order(instance, using)


def mend(sender: type[Scan], dry_run: bool, **kwargs: Any) -> Iterable[Any]:
    from .deleting import carry_out_orders

    return carry_out_orders(dry_run=dry_run)
