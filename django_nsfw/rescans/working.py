"""One worker at one chunk: fetching, scoring and recording groups of files, all at once.

While a group is scored the next one is fetched and the one before recorded. Everything that
touches the database is done by the thread that calls; the threads of the workshop have none.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import replace
from types import MappingProxyType

from django.db import router
from django.utils import timezone

from ..conf import nsfw_settings
from ..exceptions import RescanRefused, RescanStopped
from ..models import Chunk, Run, Scan
from ..recognition import Recognition
from ..scores import Assessment, KnownMatch
from ..stored import scan_stored
from . import claims, lookups
from .candidates import Candidate, candidates
from .jobs import Job, fetch_behind, judge
from .lookups import Key
from .reading import Fetched, Reader
from .recording import Judged, fault_of, move, record, together, would_record
from .runs import add, selection_of
from .scoring import Workshop
from .selection import placeholders_among
from .targets import Target

POLL = 0.5
"""Seconds between two looks at what another worker is scoring."""


class ChunkWork:
    """``run()`` does one chunk. ``stop`` is asked between groups, and ends it early."""

    def __init__(
        self,
        chunk: Chunk,
        run: Run,
        target: Target,
        workshop: Workshop,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._chunk = chunk
        self._run = run
        self._target = target
        self._selection = selection_of(run)
        self._workshop = workshop
        self._stop = stop
        self._db = router.db_for_write(Scan)
        self._counts: Counter[str] = Counter(chunk.counts)
        self._troubles: list[list[str]] = list(chunk.troubles)
        self._flying: dict[Key, Future[Assessment]] = {}
        self._similar: bool | None = None
        self._late: list[tuple[Candidate, Key]] = []

    def run(self) -> bool:
        """True where the chunk is done, False where it was given back. Raises ``ChunkLost``, and
        ``RescanStopped`` with the chunk given back."""
        try:
            done = self._work()
        except (RescanStopped, RescanRefused, KeyboardInterrupt):
            self._save_counts()
            claims.give_back(self._chunk)
            raise
        self._save_counts()
        if done:
            claims.complete(self._chunk)
        else:
            claims.give_back(self._chunk)
        return done

    def _work(self) -> bool:
        found, counts = candidates(
            self._chunk,
            self._target,
            self._selection,
            started=self._run.created_at,
            identity_of=self._workshop.identity,
            db=self._db,
        )
        self._forget_what_left_no_trace()
        granted = claims.grant(self._chunk, len(found))
        if "rows" not in self._counts:  # a chunk that is claimed again was counted before
            self._counts.update(counts)
        todo: Sequence[Candidate] = self._without_placeholders(found[:granted])
        while todo and not self._stop():
            self._pass(todo)
            todo = self._after_others()
        return not self._stop()

    def _forget_what_left_no_trace(self) -> None:
        """A worker before us counted these, and they are looked at again."""
        for kind in ("missing", "skipped"):
            self._counts["chosen"] -= self._counts.pop(kind, 0)
        self._troubles = [trouble for trouble in self._troubles if trouble[0] != "missing"]
        self._save_counts()

    def _after_others(self) -> Sequence[Candidate]:
        """Those that other workers were scoring, as soon as there is a score for one of them."""
        while self._late and not self._stop():
            busy = lookups.with_others(self._chunk, {key for _, key in self._late})
            ready = [candidate for candidate, key in self._late if key not in busy]
            if ready:
                self._late = [each for each in self._late if each[1] in busy]
                return ready
            self._tick()
            time.sleep(POLL)
        return ()

    def _without_placeholders(self, found: Sequence[Candidate]) -> Sequence[Candidate]:
        """Take up what waits behind those whose own object is gone; the others are scored."""
        new = {candidate.name for candidate in found if candidate.scan is None}
        behind = placeholders_among(new, self._target, self._db) if new else set()
        for candidate in found:
            if candidate.name in behind:
                report = self._selection.report_only
                waits = report or scan_stored(candidate.row) is not None
                self._counts["held" if waits else "skipped"] += 1
                self._counts["chosen"] += 1
                self._tick()
        return [candidate for candidate in found if candidate.name not in behind]

    def _pass(self, todo: Sequence[Candidate]) -> None:
        reader = Reader(self._workshop.readers, self._fetch, self._tick)
        under_way: deque[list[Job]] = deque()
        for group in reader.groups(todo):
            if self._stop():
                break
            under_way.append(self._begin(group))
            if len(under_way) > 1:
                self._end(under_way.popleft())
        while under_way:
            self._end(under_way.popleft())

    def _fetch(self, candidate: Candidate) -> Fetched:
        """In a thread of its own: no database."""
        return fetch_behind(candidate, max_bytes=self._workshop.limits.max_bytes)

    def _begin(self, group: Sequence[tuple[Candidate, Fetched]]) -> list[Job]:
        """Look up what is known of these bytes, and have the others scored."""
        for _, fetched in group:
            if fetched.body is not None or fetched.error:
                self._workshop.storage_said("read", "" if fetched.missing else fetched.error)
        jobs = [job for candidate, fetched in group if (job := self._job(candidate, fetched))]
        known = self._known(jobs)
        for job in jobs:
            match = known.get(job.fetched.sha256)
            job.recognition.foresee(job.fetched.sha256, match)
            # A scan that stands gets its score all the same; a new file needs none.
            rule = job.candidate.policy.known.exact
            job.settled = match is not None and rule == "apply" and job.candidate.scan is None
        asked = {job.key for job in jobs if not job.settled} - self._flying.keys()
        there = lookups.take_on(self._chunk, asked)
        ready = []
        for job in jobs:
            if self._submit(job, there):
                ready.append(job)
            else:
                self._late.append((job.candidate, job.key))
        return ready

    def _job(self, candidate: Candidate, fetched: Fetched) -> Job | None:
        """None for a file without bytes, which is counted here."""
        if fetched.body is None:
            kind = "missing" if fetched.missing else "failed" if fetched.error else "skipped"
            self._count(kind, candidate, fetched.error)
            self._counts["chosen"] += 1
            return None
        hidden = candidate.scan is not None and candidate.scan.status in Scan.HIDDEN
        if hidden and candidate.scan is not None and candidate.scan.sha256 != fetched.sha256:
            self._count("failed", candidate, "The file in quarantine is not the one that was held.")
            self._counts["chosen"] += 1
            return None
        identity = self._workshop.identity(candidate.policy.detector)
        return Job(
            candidate=candidate,
            fetched=fetched,
            key=(fetched.sha256, identity),
            recognition=Recognition(candidate.policy),
        )

    def _known(self, jobs: Sequence[Job]) -> dict[str, KnownMatch]:
        asking = {
            job.fetched.sha256 for job in jobs if job.candidate.policy.known.exact != "ignore"
        }
        return lookups.known_bytes(asking) if asking else {}

    def _submit(self, job: Job, there: lookups.Found) -> bool:
        """False where another worker is scoring the same bytes."""
        wanted = replace(job.recognition.wanted, settled=(lambda *_: True) if job.settled else None)
        alias, recalled = job.candidate.policy.detector, there.recalled.get(job.key)
        if job.settled:
            job.future = self._workshop.submit(alias, job.fetched, wanted, None)
        elif job.key in self._flying:
            job.future, job.recalled = self._flying[job.key], True
        elif recalled is not None:
            job.recalled = True
            if wanted.lacks(recalled.perceptual):
                job.future = self._workshop.submit(alias, job.fetched, wanted, recalled)
            else:
                job.future = Future()
                job.future.set_result(recalled)
        elif job.key in there.mine:
            job.future = self._workshop.submit(alias, job.fetched, wanted, None)
            self._flying[job.key] = job.future
        else:
            return False
        return True

    def _end(self, jobs: Sequence[Job]) -> None:
        """Wait for the scores of a group and record them."""
        self._wait(jobs)
        self._revive(jobs)
        judged: list[Judged] = []
        found: dict[Key, Assessment] = {}
        for job in jobs:
            assert job.future is not None  # noqa: S101 - or it would not be in the group
            try:
                assessment = job.future.result()
            except CancelledError:
                continue
            found[job.key] = assessment
            each = self._judge(job, assessment)
            self._counts["chosen"] += 1
            if fault := fault_of(each):
                failure = each.found.assessment.failure
                self._count(fault, job.candidate, failure.message if failure else "")
            elif job.settled:
                self._counts["known"] += 1
            else:
                self._counts["recalled" if job.recalled else "scored"] += 1
            if not each.stays:
                judged.append(each)
        if self._selection.report_only:
            self._counts.update(would_record(judged))
            lookups.keep(self._chunk, found)
        else:
            self._record(judged, [job.key for job in jobs])
        for job in jobs:
            self._flying.pop(job.key, None)

    def _record(self, judged: Sequence[Judged], keys: Sequence[Key]) -> None:
        with together(self._target, self._db):
            # Or nothing is recorded, as somebody else has the chunk.
            claims.renew(self._chunk)
            recorded = record(judged, self._target, self._db)
            self._save_counts(recorded.counts)
            claims.save_counts(self._chunk)
        try:
            for trouble in move(recorded):
                if trouble is not None:
                    self._troubles.append(list(trouble))
                if trouble is None or trouble[0] == "failed":
                    self._workshop.storage_said("moved", trouble[3] if trouble else "")
                self._tick()
        finally:  # they are recorded, whatever has become of their files
            self._counts.update(recorded.counts)
        lookups.let_go(self._chunk, keys)

    def _judge(self, job: Job, assessment: Assessment) -> Judged:
        if self._similar is None:
            self._similar = lookups.any_hashes()
        each = judge(job.candidate, job.recognition, assessment, similar=self._similar)
        return replace(each, fetched=job.fetched)

    def _revive(self, jobs: Sequence[Job]) -> None:
        """Where a detector failed, tell one that is dead from one that cannot take these files.

        Dead, it is waited for, and asked again for these.
        """
        failed: dict[str, list[Job]] = {}
        for job in jobs:
            if job.detector_failed:
                failed.setdefault(job.candidate.policy.detector, []).append(job)
        for alias, of_alias in failed.items():
            if self._workshop.answers(alias):
                continue
            self._workshop.wait_for_answer(alias, self._tick)
            again: dict[Key, Future[Assessment]] = {}
            for job in of_alias:
                if job.key not in again:
                    wanted = job.recognition.wanted
                    again[job.key] = self._workshop.submit(alias, job.fetched, wanted, None)
                job.future = again[job.key]
            self._flying |= again
            self._wait(of_alias)

    def _wait(self, jobs: Sequence[Job]) -> None:
        waiting = {job.future for job in jobs if job.future is not None}
        while waiting:
            if self._stop():
                for future in waiting:
                    future.cancel()
            _, waiting = wait(waiting, timeout=POLL)
            self._tick()

    def _tick(self) -> None:
        """A sign of life, where one is due."""
        lease = nsfw_settings.background.lease
        if self._chunk.lease_until - timezone.now() < lease * 2 / 3:
            claims.renew(self._chunk)

    def _count(self, kind: str, candidate: Candidate, reason: str) -> None:
        self._counts[kind] += 1
        if kind != "skipped":
            self._troubles.append([kind, candidate.row.pk, candidate.name, reason])

    def _save_counts(self, more: Mapping[str, int] = MappingProxyType({})) -> None:
        counts = add(self._counts, more)
        self._chunk.counts = {name: number for name, number in counts.items() if number}
        self._chunk.troubles = self._troubles
