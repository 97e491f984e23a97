"""Scores that a cluster took → scans, and files where their policies put them.

A row counts only for the bytes and the detector that it names. Rows are looked up and written in
batches; what is to be held is recorded as flagged first and moved afterwards, one file at a time,
so that an import that dies leaves nothing half done that the next one does not finish.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import OperationalError, connections, models, router

from ..detectors import Detector, detectors
from ..exceptions import DecisionRefused, DetectorUnavailable
from ..models import Scan
from ..models.keys import pk_as_text
from ..quarantine.locks import is_busy
from ..quarantine.rows import Row as HostRow
from ..recognition import Recognition
from ..registry import registry
from ..rescans import lookups
from ..rescans.candidates import Candidate, complete, policy_of
from ..rescans.jobs import judge
from ..rescans.reading import fetch
from ..rescans.recording import Judged, Recorded, record, together, would_record
from ..rescans.selection import Selection, known_among
from ..rescans.targets import Target
from ..scores import Assessment, KnownMatch
from ..settling import settle
from .columns import MISSING
from .comparing import Refused, is_about, is_first, is_recorded, require_identity
from .files import Row
from .records import Record, parse

logger = logging.getLogger(__name__)

PATIENCE = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each new look at rows that somebody else was changing."""

BATCH = 500
"""Rows that are looked up and written together."""

DONE = ("recorded", "rescored", "unchanged")
"""Rows that were taken: a first score, a newer one of the same bytes, or nothing new."""

REFUSED = (
    "malformed", "other_detector", "not_watched", "object_gone", "replaced", "changed", "missing",
    "not_fetched", "not_scored", "failed",
)  # fmt: skip
"""Rows that were not, by the reason."""

MOVED = ("taken_down", "released")
"""Files that were moved, among those that were taken."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a row was not taken. ``where`` names it: ``line 7``."""

    where: str
    reason: str
    detail: str


class Importer:
    """``take_in`` yields what was refused; ``counts`` is kept up.

    ``detector``: alias that scored them, in place of that of each policy. ``verify``: read every
    file that was never scanned, and compare its digest. ``dry_run`` writes nothing.
    """

    def __init__(self, *, detector: str = "", verify: bool = False, dry_run: bool = False) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys((*DONE, *MOVED, *REFUSED), 0))
        self._detector = detector
        self._verify = verify
        self._dry_run = dry_run
        self._db = router.db_for_write(Scan)
        self._similar: bool | None = None

    def take_in(self, found: Iterable[tuple[str, Row | str]]) -> Iterator[Refusal]:
        """Raises ``DetectorUnavailable`` where there is no detector to compare identities with."""
        batch: dict[tuple[str, ...], Record] = {}
        for where, row in found:
            try:
                if isinstance(row, str):
                    raise ValueError(row)
                said = parse(row, where)
            except ValueError as error:
                yield self._refuse(where, "malformed", str(error))
                continue
            if said.key in batch:  # the file has it twice: one after the other
                yield from self._take(batch.values())
                batch = {}
            batch[said.key] = said
            if len(batch) == BATCH:
                yield from self._take(batch.values())
                batch = {}
        yield from self._take(batch.values())

    def _refuse(self, where: str, reason: str, detail: str) -> Refusal:
        self.counts[reason] += 1
        return Refusal(where=where, reason=reason, detail=detail)

    def _take(self, records: Iterable[Record]) -> Iterator[Refusal]:
        targets: dict[tuple[str, str], list[Record]] = {}
        for row in records:
            if row.assessment is None:
                reason = row.code if row.code in REFUSED else "not_scored"
                yield self._refuse(row.where, reason, f"{row}: {row.code}: {row.message}")
            elif row.field not in registry.watched:
                detail = f"{row.field[:255]} is no field that is watched"
                yield self._refuse(row.where, "not_watched", detail)
            elif row.object_db not in connections:
                detail = f"there is no database {row.object_db[:64]!r}"
                yield self._refuse(row.where, "malformed", detail)
            else:
                targets.setdefault((row.field, row.object_db), []).append(row)
        for (label, db), of_target in targets.items():
            target = Target(watched=registry.watched[label], db=db)
            again = yield from self._take_of(target, of_target)
            for pause in PATIENCE:
                if again:  # another import, or an upload, came between: see what it makes of them
                    time.sleep(pause)
                    again = yield from self._take_of(target, again)
            for row in again:
                detail = f"{row}: somebody else is changing it. Import it again"
                yield self._refuse(row.where, "failed", detail)

    def _take_of(
        self, target: Target, records: Sequence[Record]
    ) -> Generator[Refusal, None, list[Record]]:
        """Returns what somebody else changed while it was looked at."""
        pairs: list[tuple[Record, Candidate]] = []
        for item in self._candidates(target, records):
            if isinstance(item, Refusal):
                yield item
            else:
                pairs.append(item)
        judged: list[tuple[Record, Judged]] = []
        known = self._known(pairs)
        for row, candidate in pairs:
            try:
                judged.append((row, self._judge(row, candidate, known)))
            except Refused as refused:
                yield self._refuse(row.where, refused.reason, f"{row}: {refused}")
        return (yield from self._write(target, judged))

    def _candidates(
        self, target: Target, records: Sequence[Record]
    ) -> Iterator[Refusal | tuple[Record, Candidate]]:
        """The files that their objects still name, with scan and policy."""
        keys: dict[str, Record] = {}
        for row in records:
            if _is_key(target.watched.model, row.object_pk):
                keys[row.object_pk] = row
            else:
                detail = f"object_pk {row.object_pk[:100]!r} is no key of {target.label}"
                yield self._refuse(row.where, "malformed", detail)
        named = self._named(target, list(keys))
        scans = known_among({name for _, name in named.values() if name}, target, self._db)
        still: list[tuple[Record, Any]] = []
        for row in keys.values():
            pk, name = named.get(row.object_pk, (None, ""))
            if pk is None:
                yield self._refuse(row.where, "object_gone", f"{row}: the object is gone")
            elif name == row.name:
                still.append((row, pk))
            elif any(is_about(scan, row) for scan in scans.get(name, ())):
                self.counts["unchanged"] += 1  # by the first import, which held or released it
            else:
                yield self._refuse(row.where, "replaced", f"{row}: it has another file now")
        selection = Selection(detector=self._detector)
        policy = policy_of(target, selection)
        found = {
            row.object_pk: Candidate.of(
                HostRow(target.watched.field, row.object_pk, target.db),
                pk=pk,
                name=row.name,
                scans=scans.get(row.name, ()),
                policy=policy,
            )
            for row, pk in still
        }
        for candidate in complete(list(found.values()), target, selection, self._db):
            yield keys[candidate.row.pk], candidate

    def _named(self, target: Target, texts: Sequence[str]) -> dict[str, tuple[Any, str]]:
        """Key as text → key and file name, of the objects that are there. One query."""
        if not texts:
            return {}
        model = target.watched.model
        rows = target.rows.filter(pk__in=[_key(model, text) for text in texts])
        found = rows.values_list("pk", target.watched.field.attname)
        return {pk_as_text(pk): (pk, name) for pk, name in found}

    def _known(self, pairs: Sequence[tuple[Record, Candidate]]) -> Mapping[str, KnownMatch]:
        digests = {
            row.assessment.sha256
            for row, candidate in pairs
            if row.assessment and candidate.policy.known.exact != "ignore"
        }
        return lookups.known_bytes(digests) if digests else {}

    def _judge(self, row: Record, candidate: Candidate, known: Mapping[str, KnownMatch]) -> Judged:
        """What the policy of the file makes of the row. Raises ``Refused``."""
        assessment = row.assessment
        assert assessment is not None  # noqa: S101 - those without were refused before
        require_identity(assessment, self._loaded(candidate.policy.detector))
        self._require_bytes(assessment, candidate)
        recognition = Recognition(candidate.policy)
        recognition.foresee(assessment.sha256, known.get(assessment.sha256))
        if self._similar is None:
            self._similar = lookups.any_hashes()
        return judge(candidate, recognition, assessment, similar=self._similar)

    def _loaded(self, alias: str) -> Detector:
        try:
            return detectors[alias]
        except ImproperlyConfigured as error:
            raise DetectorUnavailable(str(error)) from error

    def _require_bytes(self, assessment: Assessment, candidate: Candidate) -> None:
        scan = candidate.scan
        if scan is not None and scan.sha256 == assessment.sha256:
            return
        if scan is not None and scan.status in Scan.HIDDEN:
            raise Refused("changed", f"other bytes are held, of the SHA-256 {scan.sha256}")
        if scan is None and not self._verify:
            return
        there = fetch(candidate.row.storage, candidate.name, max_bytes=0)
        if there.body is None:
            raise Refused(MISSING if there.missing else "failed", there.error)
        if there.sha256 != assessment.sha256:
            raise Refused("changed", f"the file has the SHA-256 {there.sha256}")

    def _write(
        self, target: Target, judged: Sequence[tuple[Record, Judged]]
    ) -> Generator[Refusal, None, list[Record]]:
        news = [(row, each) for row, each in judged if not is_recorded(each)]
        self.counts["unchanged"] += len(judged) - len(news)
        recorded = Recorded()
        if self._dry_run:
            moves = would_record([each for _, each in news])
            self.counts.update({name: moves[name] for name in MOVED})
        elif news:
            recorded = self._record([each for _, each in news], target)
        changed = {id(each) for each in recorded.changed}
        for _, each in news:
            if id(each) not in changed:
                self.counts["recorded" if is_first(each) else "rescored"] += 1
        where = {id(each): row for row, each in news}
        for scan, each in recorded.to_settle:
            yield from self._move(scan, each, where[id(each)])
        return [where[id(each)] for each in recorded.changed]

    def _record(self, new: Sequence[Judged], target: Target) -> Recorded:
        """Once more where another import, or an upload, had the locks."""
        for pause in (0.1, 1.0, 0.0):
            try:
                with together(target, self._db):
                    return record(new, target, self._db)
            except OperationalError as error:
                if not (pause and is_busy(error)):
                    raise
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _move(self, scan: Scan, each: Judged, row: Record) -> Iterator[Refusal]:
        hidden = scan.status in Scan.HIDDEN
        new = is_first(each)
        try:
            settle(scan, each.candidate.row, each.found)
        except DecisionRefused as refused:
            now = Scan.objects.using(self._db).filter(pk=scan.pk).values_list("status", flat=True)
            if refused.code == "settled" and now.first() == each.to:
                return  # together with another object that names the same file
            if new and refused.code != "settled":
                # The score is of other bytes than those of the file, which nobody has scanned.
                scan.move(Scan.Status.SUPERSEDED)
            self.counts["recorded" if new else "rescored"] -= 1
            reason = refused.code if refused.code in ("changed", MISSING) else "replaced"
            yield self._refuse(row.where, reason, f"{row}: {refused}")
        except Exception as error:
            logger.exception("%s was not moved", row)
            self.counts["recorded" if new else "rescored"] -= 1
            detail = f"{row}: {type(error).__name__}: {error}. Import it again"
            yield self._refuse(row.where, "failed", detail)
        else:
            if hidden != (scan.status in Scan.HIDDEN):
                self.counts["released" if hidden else "taken_down"] += 1


def _is_key(model: type[models.Model], text: str) -> bool:
    try:
        _key(model, text)
    except (ValueError, TypeError, ValidationError, OverflowError):
        return False
    return True


def _key(model: type[models.Model], text: str) -> Any:
    fields = model._meta.pk_fields
    if len(fields) == 1:
        return fields[0].to_python(text)
    parts = json.loads(text)
    return tuple(f.to_python(part) for f, part in zip(fields, parts, strict=True))
