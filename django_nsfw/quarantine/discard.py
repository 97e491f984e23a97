"""Held bytes are deleted: by a retention rule, on a person's request, or with their object.

The order is a column of the scan, ``discard_at``, and not an entry in the journal: it is committed
or rolled back together with its reason, and it can be given while the quarantine does not answer.
Carrying it out is idempotent, so whoever finds the order may do it: the process that gave it, or
the sweep after a crash.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db import router, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from ..exceptions import DecisionRefused
from ..models import Scan
from . import journal
from .faults import quarantine_cannot, said_by, storage_cannot
from .places import wherever
from .rows import file_field, named_among

logger = logging.getLogger(__name__)

BATCH = 500
"""Scans that are read, and files that are deleted, between two looks at the database."""


@dataclass(frozen=True, kw_only=True)
class Discarded:
    """What became of the bytes of one scan. ``freed``: their size where they were deleted.

    ``kept`` says why they stay, where they do. ``error`` is set where a storage failed; the order
    stands then, and the sweep carries it out.
    """

    scan: Scan
    freed: int = 0
    kept: str = ""
    error: str = ""


SHARED = "another object names the same file"
NAMED = "another object shows the placeholder"


def discard(
    scans: Collection[Scan], *, spare_named: bool = False, dry_run: bool = False
) -> list[Discarded]:
    """Carry out the orders in ``scans``, which are committed. At most a batch of them.

    Bytes are deleted when no scan names them that is not to be discarded as well. A placeholder
    is deleted with the object that showed it, and only where no row names it. ``spare_named``
    takes the order back where a row does: the object was deleted, its copy was not. ``dry_run``
    says what would become of them, but for storages that fail.
    """
    shared, named = shared_names(scans), _named_placeholders(scans)
    deleted: set[str] = set()
    results: list[Discarded] = []
    for scan in scans:
        if spare_named and scan.pk in named and not scan.erased_at:
            results.append(Discarded(scan=scan, kept=NAMED))
            continue
        name = scan.quarantine_name
        last = bool(name) and name not in shared and name not in deleted
        behind = scan.status in Scan.PAST and bool(name or scan.pruned_at)
        try:
            if not dry_run:
                _delete(scan, held=last, placeholder=behind and scan.pk not in named)
        except Exception as error:
            logger.exception("The bytes of scan %s are not deleted; nsfw_sweep will", scan.pk)
            results.append(Discarded(scan=scan, error=said_by(error)))
            continue
        if last:
            deleted.add(name)
        kept = SHARED if name in shared else ""
        results.append(Discarded(scan=scan, freed=scan.size if last else 0, kept=kept))
    if not dry_run:
        _settle(results)
    return results


def by_file(scans: QuerySet[Scan]) -> Iterator[QuerySet[Scan]]:
    """What holds bytes among ``scans``, in batches; those who share a file are in one of them.

    Walks the index of ``quarantine_name``: memory does not grow with the table, and scans that
    hold nothing cost nothing. Read a batch before changing what selects it.
    """
    last = ""
    while True:
        rest = scans.filter(quarantine_name__gt=last).order_by("quarantine_name")
        names = list(rest.values_list("quarantine_name", flat=True)[:BATCH])
        if not names:
            return
        yield rest.filter(quarantine_name__lte=names[-1]).order_by("quarantine_name", "pk")
        last = names[-1]


def shared_names(scans: Collection[Scan]) -> set[str]:
    """Which bytes of these scans are named by others that are to keep them."""
    names = {scan.quarantine_name for scan in scans if scan.quarantine_name}
    if not names:
        return set()
    others = Scan.objects.using(router.db_for_write(Scan)).filter(
        quarantine_name__in=names, discard_at=None
    )
    others = others.exclude(pk__in=[scan.pk for scan in scans])
    return set(others.values_list("quarantine_name", flat=True))


def _named_placeholders(scans: Collection[Scan]) -> set[int]:
    """Keys of the past scans whose placeholder some row names still."""
    candidates: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for scan in scans:
        if scan.status in Scan.PAST and (scan.quarantine_name or scan.pruned_at):
            candidates[scan.field, scan.object_db][scan.name].append(scan.pk)
    found: set[int] = set()
    for (label, object_db), by_name in candidates.items():
        try:
            named = named_among(file_field(label), by_name, db=object_db)
        except DecisionRefused:  # the model left the project, and its rows with it
            continue
        found.update(pk for name in named for pk in by_name.get(name, ()))
    return found


def _delete(scan: Scan, *, held: bool, placeholder: bool) -> None:
    if held:
        with quarantine_cannot("delete the file"):
            journal.quarantine_storage().delete(scan.quarantine_name)
    if placeholder:
        try:
            storage = wherever(file_field(scan.field))
        except DecisionRefused:
            return  # nobody knows where it was
        with storage_cannot("delete the placeholder", field=scan.field):
            storage.delete(scan.name)


def _settle(results: Collection[Discarded]) -> None:
    """The bytes are gone, and so is the name of an erased file: nothing needs it any more."""
    db = router.db_for_write(Scan)
    ordered = Scan.objects.using(db).filter(discard_at__isnull=False)
    settled = [result for result in results if not result.error]
    let_go = [result.scan for result in settled if result.kept != NAMED]
    with transaction.atomic(using=db):
        if holding := [scan.pk for scan in let_go if scan.quarantine_name]:
            ordered.filter(pk__in=holding).update(
                quarantine_name="", pruned_at=Coalesce(F("pruned_at"), timezone.now())
            )
        for scan in let_go:
            if scan.erased_at and scan.status in Scan.PAST:
                ordered.filter(pk=scan.pk).update(name=nameless(scan), object_pk="")
        if settled:
            ordered.filter(pk__in=[result.scan.pk for result in settled]).update(discard_at=None)


def nameless(scan: Scan) -> str:
    """What stands in place of an erased name: not empty, which rows without a file name."""
    return f"erased/{scan.token.hex}"
