"""One file on its way through a chunk: from its bytes to what its policy makes of its score."""

from concurrent.futures import Future
from dataclasses import dataclass

from ..exceptions import FILE_FAULTS
from ..models import Scan
from ..promises import held_to_its_name
from ..quarantine import journal
from ..recognition import Recognition
from ..scanning import Examination
from ..scores import Assessment
from .candidates import Candidate
from .lookups import Key
from .reading import Fetched, fetch
from .recording import Judged


@dataclass(kw_only=True)
class Job:
    """``settled``: a decision about the same bytes settles it, unscored. ``recalled``: its score
    was there, or is that of another file of this chunk."""

    candidate: Candidate
    fetched: Fetched
    key: Key
    recognition: Recognition
    settled: bool = False
    recalled: bool = False
    future: "Future[Assessment] | None" = None

    @property
    def detector_failed(self) -> bool:
        if self.future is None or self.future.cancelled():
            return False
        failure = self.future.result().failure
        return failure is not None and failure.code not in FILE_FAULTS


def fetch_behind(candidate: Candidate, *, max_bytes: int) -> Fetched:
    """The file, and not the placeholder where it is held. Nothing where it was deleted."""
    scan = candidate.scan
    if scan is None or scan.status not in Scan.HIDDEN:
        return fetch(candidate.row.storage, candidate.name, max_bytes=max_bytes)
    if scan.bytes_discarded or not scan.quarantine_name:
        return Fetched()
    return fetch(journal.quarantine_storage(), scan.quarantine_name, max_bytes=max_bytes)


def judge(
    candidate: Candidate, recognition: Recognition, assessment: Assessment, *, similar: bool
) -> Judged:
    """Apply the policy. Without ``similar`` there is no known image that it could resemble."""
    policy = candidate.policy
    assessment = held_to_its_name(assessment, candidate.promised_name)
    if candidate.broken is not None:
        assessment = assessment.failed(candidate.broken)
    match = recognition.match(assessment, similar=similar)
    found = Examination(
        assessment=assessment,
        policy=policy,
        verdict=policy.verdict(assessment, match),
        match=match,
    )
    return Judged(candidate=candidate, found=found)
