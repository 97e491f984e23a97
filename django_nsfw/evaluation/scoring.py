"""Samples → what detectors say of them, decoded and scored within the bounds of uploads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from ..assessment import SCORES_ALONE
from ..conf import nsfw_settings
from ..exceptions import FILE_FAULTS, DetectorDied, EvaluationError, NSFWError
from ..rescans.reading import Fetched, Reader, take
from ..rescans.scoring import Workshop
from ..scores import Assessment, Failure, Ground
from .samples import Sample

MISSING, NOT_FETCHED, CHANGED = "missing", "not_fetched", "changed"
"""Codes of samples that no detector saw: the file is gone, cannot be read, or has other bytes."""

Progress = Callable[[str, int, int], None]
"""(alias, samples that are done, of how many)."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What a detector says of a sample: ``nsfw``, or why there is none.

    ``frame`` and ``ground``: where ``nsfw`` was found. ``format``: empty where nobody saw a header.
    """

    sample: Sample
    nsfw: float | None = None
    failure: Failure | None = None
    format: str = ""
    frame: int = 0
    ground: Ground = Ground.OPAQUE


@dataclass(frozen=True, kw_only=True)
class Said:
    """All that one detector says, in the order of the samples. ``recorded``: how many scores it
    gave before."""

    alias: str
    identity: str
    rows: Sequence[Scored]
    recorded: int


@dataclass(frozen=True, kw_only=True)
class Unavailable:
    """A detector that cannot be had, and why."""

    alias: str
    reason: str


def score(
    samples: Sequence[Sample],
    aliases: Iterable[str],
    *,
    skip_unavailable: bool = False,
    progress: Progress | None = None,
) -> tuple[list[Said], list[Unavailable]]:
    """What each detector says, one after the other, all of which are loaded before the first
    score. A recorded score of the very detector is taken as it is.

    Raises ``EvaluationError`` where a detector cannot be had, or stops answering; with
    ``skip_unavailable`` only where none of them can be had.
    """
    said: list[Said] = []
    unavailable: list[Unavailable] = []
    with Workshop() as workshop:
        identities: dict[str, str] = {}
        for alias in dict.fromkeys(aliases):
            try:
                identities[alias] = workshop.identity(alias)
            except DetectorDied as error:
                unavailable.append(Unavailable(alias=alias, reason=str(error)))
        if unavailable and not (skip_unavailable and identities):
            reasons = [f"{each.alias}: {each.reason}" for each in unavailable]
            if identities:
                reasons.append("To go on without, give --skip-unavailable.")
            raise EvaluationError("\n".join(reasons))
        for alias, identity in identities.items():
            rows: list[Scored] = []
            for row in _scored(samples, alias, identity, workshop):
                rows.append(row)
                if progress is not None:
                    progress(alias, len(rows), len(samples))
            recorded = sum(identity in sample.recorded for sample in samples)
            said.append(Said(alias=alias, identity=identity, rows=rows, recorded=recorded))
    return said, unavailable


def _scored(
    samples: Sequence[Sample], alias: str, identity: str, workshop: Workshop
) -> Iterator[Scored]:
    """In the order of ``samples``. While one group is scored the next is decoded: a detector that
    waits for the end of a group would be idle between any two."""
    reader = Reader[Sample](workshop.readers, lambda sample: _fetch(sample, identity), _no_tick)
    before: list[tuple[Sample, Fetched, Future[Assessment] | None]] = []
    for group in reader.groups(samples):
        under_way = [
            (
                sample,
                fetched,
                None
                if fetched.body is None or _changed(sample, fetched)
                else workshop.submit(alias, fetched, SCORES_ALONE, None),
            )
            for sample, fetched in group
        ]
        yield from (_row(*each, alias, identity, workshop) for each in before)
        before = under_way
    yield from (_row(*each, alias, identity, workshop) for each in before)


def _fetch(sample: Sample, identity: str) -> Fetched:
    if identity in sample.recorded:
        return Fetched(sha256=sample.sha256)
    try:
        with sample.open() as file:
            return take(file, max_bytes=nsfw_settings.limits.max_bytes)
    except FileNotFoundError as error:
        return Fetched(missing=True, error=error.strerror or str(error))
    except NSFWError as error:
        return Fetched(error=str(error))
    except Exception as error:  # noqa: BLE001 - storages raise anything; it is listed
        return Fetched(error=f"{type(error).__name__}: {error}")


def _changed(sample: Sample, fetched: Fetched) -> bool:
    """A label is about bytes, and about no others."""
    return bool(sample.sha256) and fetched.sha256 != sample.sha256


def _row(
    sample: Sample,
    fetched: Fetched,
    future: "Future[Assessment] | None",
    alias: str,
    identity: str,
    workshop: Workshop,
) -> Scored:
    if identity in sample.recorded:
        return Scored(sample=sample, nsfw=sample.recorded[identity], format=sample.format)
    if future is None:
        return Scored(sample=sample, failure=_why_unread(fetched), format=sample.format)
    found = future.result()
    failure = found.failure
    if failure is not None and failure.code not in FILE_FAULTS and not workshop.answers(alias):
        raise EvaluationError(f"The detector {alias!r} stopped answering: {failure.message}")
    if found.crops and found.detector != identity:  # one that falls back on another
        raise EvaluationError(
            f"The detector {alias!r} was {identity} and became {found.detector}. Scores of two "
            "detectors make no common report: name one that stays what it is."
        )
    worst = found.worst
    return Scored(
        sample=sample,
        nsfw=None if failure else found.nsfw,
        failure=failure,
        format=found.format or sample.format,
        frame=worst.frame if worst else 0,
        ground=worst.ground if worst else Ground.OPAQUE,
    )


def _why_unread(fetched: Fetched) -> Failure:
    if fetched.missing:
        return Failure(code=MISSING, message=fetched.error)
    if fetched.body is None:
        return Failure(code=NOT_FETCHED, message=fetched.error)
    return Failure(code=CHANGED, message="The file has other bytes than the label is about.")


def _no_tick() -> None:
    """Nobody waits for a sign of life here."""
