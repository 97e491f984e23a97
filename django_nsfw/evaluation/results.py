"""Everything that a report says, in values: what each detector does on the whole and in groups."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .metrics import GRID, Measured, measure
from .rates import UNKNOWN
from .scoring import Said, Scored, Unavailable
from .subjects import WORST, Subject

KINDS: Mapping[str, Callable[[Scored], str]] = {
    "field": lambda row: row.sample.model_field,
    "source": lambda row: row.sample.source,
    "format": lambda row: row.format,
}
"""What samples are grouped by. Those that say nothing there make no group."""


@dataclass(frozen=True, kw_only=True)
class Group:
    kind: str
    name: str
    measured: Measured


@dataclass(frozen=True, kw_only=True)
class Result:
    """One detector. ``uncorrected``: the numbers of the samples that count once each; None where
    all do. ``missed``, ``alarms``: the worst mistakes at the threshold, the worst first.
    ``unscored``: samples without a score."""

    alias: str
    identity: str
    recorded: int
    measured: Measured
    uncorrected: Measured | None
    groups: Sequence[Group]
    missed: Sequence[Scored]
    alarms: Sequence[Scored]
    unscored: Sequence[Scored]


@dataclass(frozen=True, kw_only=True)
class Report:
    """``threshold``: the one at which detectors are compared. ``marked``: that and others that the
    site has, with what they are for. ``mistakes``: how many of each kind are shown."""

    created: datetime
    subject: Subject
    threshold: float
    marked: Mapping[float, str]
    results: Sequence[Result]
    unavailable: Sequence[Unavailable]
    mistakes: int


def summarise(
    subject: Subject,
    said: Sequence[Said],
    unavailable: Sequence[Unavailable],
    *,
    threshold: float,
    marked: Mapping[float, str],
    created: datetime,
    mistakes: int = WORST,
) -> Report:
    """The report on what detectors said of the samples of ``subject``; ``mistakes``: how many of
    each kind it shows."""
    marked = dict(sorted({threshold: "", **marked}.items()))
    return Report(
        created=created,
        subject=subject,
        threshold=threshold,
        marked=marked,
        results=[_result(subject, each, threshold, marked, mistakes) for each in said],
        unavailable=unavailable,
        mistakes=mistakes,
    )


def _result(
    subject: Subject, said: Said, threshold: float, marked: Mapping[float, str], mistakes: int
) -> Result:
    thresholds = {*GRID, *marked}
    measured = measure(said.rows, thresholds)
    uncorrected = None
    if subject.corrected or not subject.recall_known:
        alone = [
            row for row in said.rows if not subject.alone or row.sample.source == subject.alone
        ]
        uncorrected = measure(alone, thresholds, weights=[1.0] * len(alone))
    missed, alarms = _mistakes(said.rows, threshold, mistakes)
    # Decisions and checks are two halves of one estimate; neither says anything alone.
    kinds = [kind for kind in KINDS if not (kind == "source" and subject.alone)]
    groups = _groups(said.rows, kinds, threshold)
    if not subject.recall_known:
        measured = precision_alone(measured)
        groups = [replace(group, measured=precision_alone(group.measured)) for group in groups]
    return Result(
        alias=said.alias,
        identity=said.identity,
        recorded=said.recorded,
        measured=measured,
        uncorrected=uncorrected,
        groups=groups,
        missed=missed,
        alarms=alarms,
        unscored=[row for row in said.rows if row.nsfw is None],
    )


def precision_alone(measured: Measured) -> Measured:
    """Without the numbers that need to know what was never looked at."""
    return replace(
        measured,
        average_precision=UNKNOWN,
        roc_auc=UNKNOWN,
        thresholds=[
            replace(each, accuracy=UNKNOWN, recall=UNKNOWN, f1=UNKNOWN, fpr=UNKNOWN, fnr=UNKNOWN)
            for each in measured.thresholds
        ],
        curve=(),
    )


def _groups(rows: Sequence[Scored], kinds: Sequence[str], threshold: float) -> list[Group]:
    groups = []
    for kind in kinds:
        members: dict[str, list[Scored]] = defaultdict(list)
        for row in rows:
            if name := KINDS[kind](row):
                members[name].append(row)
        groups += [
            Group(kind=kind, name=name, measured=measure(members[name], [threshold]))
            for name in sorted(members)
        ]
    return groups


def _mistakes(
    rows: Sequence[Scored], threshold: float, number: int
) -> tuple[list[Scored], list[Scored]]:
    scored = [(row.nsfw, row) for row in rows if row.nsfw is not None]
    missed = [(nsfw, row) for nsfw, row in scored if row.sample.nsfw and nsfw < threshold]
    alarms = [(nsfw, row) for nsfw, row in scored if not row.sample.nsfw and nsfw >= threshold]
    missed.sort(key=lambda pair: pair[0])
    alarms.sort(key=lambda pair: -pair[0])
    return [row for _, row in missed[:number]], [row for _, row in alarms[:number]]
