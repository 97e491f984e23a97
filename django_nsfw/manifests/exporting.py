"""The files that a site wants scored, as rows of a manifest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import router
from django.utils import timezone

from ..detectors import detectors
from ..models import Scan
from ..models.keys import pk_as_text
from ..quarantine.journal import quarantine_storage
from ..quarantine.places import depends_on_object, storages_of
from ..quarantine.rows import Row as HostRow
from ..recognition import Recognition
from ..rescans.candidates import Candidate, complete, policy_of
from ..rescans.selection import Selection, known_among
from ..rescans.targets import Target
from .locations import Locations

Row = dict[str, Any]


@dataclass(kw_only=True)
class Exported:
    """What was counted. ``left_out``: files that lie in no storage: held bytes that were deleted,
    names that lead out of the storage."""

    files: int = 0
    held: int = 0
    left_out: int = 0


def export(
    targets: Sequence[Target], selection: Selection, locations: Locations, counts: Exported
) -> Iterator[Row]:
    """The chosen files of every target, in the order of their keys; ``counts`` is kept up.

    Memory does not grow with the tables: a batch costs two queries. Raises what the detector
    raises where ``selection.outdated`` asks for its identity, and ``ManifestError``.
    """
    for target in targets:
        of_target = _OfTarget(target, selection, locations)
        for row in of_target.rows():
            if row is None:
                counts.left_out += 1
                continue
            if selection.limit is not None and counts.files >= selection.limit:
                return
            counts.files += 1
            counts.held += row["held"]
            yield row


class _OfTarget:
    def __init__(self, target: Target, selection: Selection, locations: Locations) -> None:
        self.target = target
        self.selection = selection
        self.policy = policy_of(target, selection)
        self.started = timezone.now()
        self.db = router.db_for_write(Scan)
        self.public = [
            (storage, locations.of(storage, held=False))
            for storage in storages_of(target.watched.field)
        ]
        self.held = locations.of(quarantine_storage(), held=True)

    def rows(self) -> Iterator[Row | None]:
        """None in place of a file that lies nowhere."""
        after = None
        while upto := self.target.boundary(after, self.selection.batch_size):
            for candidate in self._files(after, upto):
                if self._wants(candidate):
                    yield self._row(candidate)
            after = upto

    def _files(self, after: str | None, upto: str) -> list[Candidate]:
        rows = self.selection.filtered(self.target, self.target.between(after, upto))
        field = self.target.watched.field
        named = [(pk, name) for pk, name in rows.values_list("pk", field.attname) if name]
        scans = known_among({name for _, name in named}, self.target, self.db)
        found = [
            Candidate.of(
                HostRow(field, pk_as_text(pk), self.target.db),
                pk=pk,
                name=name,
                scans=scans.get(name, ()),
                policy=self.policy,
            )
            for pk, name in named
        ]
        if not self.policy.for_object and not depends_on_object(field):
            return found
        return complete(found, self.target, self.selection, self.db)

    def _wants(self, candidate: Candidate) -> bool:
        identity = None
        if self.selection.outdated:
            identity = detectors[candidate.policy.detector].identity
        return self.selection.wants(
            candidate.scan, identity=identity, started=self.started, again=False
        )

    def _public(self, candidate: Candidate) -> str:
        """Empty where the object is gone that could tell in which storage it is."""
        storage = candidate.row.storage
        found = [locate for one, locate in self.public if one is storage]
        return found[0](candidate.name) if found else ""

    def _row(self, candidate: Candidate) -> Row | None:
        scan = candidate.scan
        held = scan is not None and scan.status in Scan.HIDDEN
        try:
            if scan is None or not held:
                location = self._public(candidate)
            elif scan.bytes_discarded or not scan.quarantine_name:
                return None
            else:
                location = self.held(scan.quarantine_name)
        except SuspiciousOperation:
            return None
        if not location:
            return None
        wanted = Recognition(candidate.policy).wanted
        return {
            "field": self.target.label,
            "object_db": self.target.db,
            "object_pk": candidate.row.pk,
            "name": candidate.name,
            "location": location,
            "held": held,
            "sha256": scan.sha256 if scan else None,
            "size": scan.size if scan else None,
            "detector": candidate.policy.detector,
            "perceptual": wanted.perceptual,
            "rotations": wanted.rotations,
        }
