"""An object is deleted: its scans are settled, and what was held of it is deleted after the commit.

The order to delete is a column that the host's own transaction writes (see ``quarantine.discard``).
So a rollback takes it back, a crash leaves it to the sweep, and a quarantine that does not answer
keeps nobody from deleting an object.
"""

import logging
from collections import defaultdict
from collections.abc import Collection
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DatabaseError, connections, models, router, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from .models import Scan
from .models.keys import object_pk, pk_as_text, pk_from_text
from .quarantine.discard import BATCH, discard
from .quarantine.rows import file_field
from .registry import WatchedField
from .shield import Shield

logger = logging.getLogger(__name__)

_settling = Shield()


def forget(instance: models.Model, watched: WatchedField, *, using: str) -> None:
    """One UPDATE beside the host's DELETE; the files follow when that commits.

    Where object and scans are in two databases, the UPDATE follows, too: the object's transaction
    may still be rolled back, and then nothing may be deleted.
    """
    db = router.db_for_write(Scan)
    pk = object_pk(instance, watched.field)
    if db == using and not _mark(watched.label, [pk], using, db):
        return
    connection = connections[using]
    deletion = _open.get(connection)
    if deletion is None or deletion.closed or deletion.size >= BATCH:
        deletion = _open[connection] = _Deletion(using, db)
    deletion.add(watched.label, pk)
    # For each object, as a savepoint may take some of them back. The first call does it all.
    transaction.on_commit(deletion.carry_out, using=using, robust=True)


class _Deletion:
    """What one transaction deleted, so that its files are looked up together.

    What it collects may have been rolled back since: the column says what was not.
    """

    def __init__(self, using: str, db: str) -> None:
        self.using, self.db = using, db
        self.size, self.closed = 0, False
        self.pks: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, label: str, pk: str) -> None:
        self.pks[label].append(pk)
        self.size += 1

    def carry_out(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self.db == self.using:
            self._discard()
            return
        for label, pks in self.pks.items():
            _mark(label, _deleted(label, pks, self.using), self.using, self.db)
        transaction.on_commit(self._discard, using=self.db, robust=True)

    def _discard(self) -> None:
        scans = Scan.objects.using(self.db).filter(object_db=self.using, discard_at__isnull=False)
        for label, pks in self.pks.items():
            marked = list(scans.filter(field=label, object_pk__in=pks).defer("crops"))
            try:
                failed = [one for one in discard(marked, spare_named=True) if one.error]
            except Exception:
                logger.exception(
                    "%d files of deleted objects are still there; nsfw_sweep will delete them",
                    len(marked),
                )
            else:
                if failed:
                    logger.error("%d files of deleted objects are still there", len(failed))


_open: WeakKeyDictionary[Any, _Deletion] = WeakKeyDictionary()
"""Connection → what its transaction deleted so far."""


def _mark(label: str, pks: Collection[str], using: str, db: str) -> int:
    """Nobody waits for their scans, and what was held may go."""
    now, past = timezone.now(), Q(status__in=Scan.PAST)
    scans = Scan.objects.using(db).filter(field=label, object_pk__in=pks, object_db=using)
    nothing_to_do = When(quarantine_name="", pruned_at=None, erased_at=None, then=None)
    try:
        with _settling(db):
            return scans.update(
                settled_at=Case(When(past, then=F("settled_at")), default=Value(now)),
                discard_at=Case(nothing_to_do, default=Value(now)),
                # Last: MariaDB reads what the assignments before have written.
                status=Case(When(past, then=F("status")), default=Value(Scan.Status.GONE)),
            )
    except DatabaseError:
        if connections[db].needs_rollback:
            raise  # the host's transaction is lost either way, and must not look alive
        logger.exception("The scans of deleted objects of %s stay open", label)
        return 0


def _deleted(label: str, pks: Collection[str], using: str) -> list[str]:
    """Without those that a savepoint brought back."""
    field = file_field(label)
    model: type[models.Model] = field.model
    rows = model._base_manager.using(using).filter(pk__in=[pk_from_text(model, pk) for pk in pks])
    there = {pk_as_text(pk) for pk in rows.values_list("pk", flat=True)}
    return [pk for pk in pks if pk not in there]
