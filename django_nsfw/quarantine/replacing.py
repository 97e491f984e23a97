"""A file has taken the place of another: who keeps something made of the other one is told."""

from django.core.files.storage import Storage
from django.db import router

from ..models import Scan
from ..signals import file_replaced
from .places import each_of


def tell_replaced(*, field: str, using: str, storage: Storage, was: str, name: str) -> None:
    """A part of the last step of a movement: where a receiver raises, so does this, when all of
    them have been told, and the sweep tells them again."""
    if not file_replaced.has_listeners(Scan):
        return
    failed: Exception | None = None
    named = Scan.objects.using(router.db_for_write(Scan)).current()
    named = named.filter(field=field, object_db=using, name=name)
    object_pks = list(named.order_by("pk").values_list("object_pk", flat=True))
    for one in each_of(storage):
        answers = file_replaced.send_robust(
            sender=Scan,
            field=field,
            using=using,
            object_pks=object_pks,
            storage=one,
            was=was,
            name=name,
        )
        failed = next((answer for _, answer in answers if isinstance(answer, Exception)), failed)
    if failed is not None:
        raise failed
