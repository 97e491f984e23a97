"""How many uploads each labelled one stands for: the inverse of the share that was looked at."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .models import Scan
from .verdict import Verdict

BANDS = (0.1, 0.25, 0.5, 0.75)
"""Scores at which what was cleared is divided, where enough of it was looked at."""

ENOUGH = 20
"""Pictures of a band that people looked at, for the band to count on its own."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A scan and what people say of it; ``checked``: for the quality sample."""

    scan: Scan
    nsfw: bool
    checked: bool
    said: int
    """Primary key of the decision or check: the newest wins where bytes are labelled twice."""
    weight: float = 1.0


@dataclass(kw_only=True)
class Uploads:
    """How many of one field there were: that awaited people, and that were cleared, by band."""

    awaited: int = 0
    cleared: Mapping[int, int] = field(default_factory=dict)


def weighed(
    decided: Mapping[int, Labelled], checked: Mapping[int, Labelled], fields: Mapping[str, Uploads]
) -> list[Labelled]:
    """Every labelled scan once, with its weight. A decision says more than a check: somebody knew
    the case."""
    awaited: dict[str, list[Labelled]] = defaultdict(list)
    on_their_own: list[Labelled] = []
    for pk, each in decided.items():
        if not _was_cleared(each.scan):
            awaited[each.scan.field].append(each)
        elif pk not in checked:
            on_their_own.append(each)
    drawn: dict[str, list[Labelled]] = defaultdict(list)
    for pk, each in checked.items():
        known = decided.get(pk)
        drawn[each.scan.field].append(replace(each, nsfw=known.nsfw) if known else each)
    found = list(on_their_own)
    for label, group in awaited.items():
        found += _each(group, fields[label].awaited)
    for label, group in drawn.items():
        cleared = dict(fields[label].cleared)
        for each in on_their_own:
            if each.scan.field == label:
                cleared[_band(each.scan)] -= 1
        for bands in _merged(group, cleared):
            members = [each for each in group if _band(each.scan) in bands]
            found += _each(members, sum(cleared[band] for band in bands))
    return found


def _was_cleared(scan: Scan) -> bool:
    """What was drawn was cleared then, whatever another score made of it since."""
    return (
        scan.verdict == Verdict.ALLOW
        or scan.status == Scan.Status.CLEAR
        or scan.sampled_at is not None
    )


def _band(scan: Scan) -> int:
    return sum((scan.nsfw or 0.0) >= edge for edge in BANDS)


def _each(group: Sequence[Labelled], stands_for: int) -> list[Labelled]:
    return [replace(each, weight=stands_for / len(group)) for each in group]


def _merged(group: Iterable[Labelled], cleared: Iterable[int]) -> list[list[int]]:
    """Bands, neighbours put together until each has ``ENOUGH``; one for all where there are few."""
    numbers = dict.fromkeys(cleared, 0)
    for each in group:
        numbers[_band(each.scan)] += 1
    strata: list[list[int]] = [[]]
    seen = 0
    for band, number in numbers.items():
        strata[-1].append(band)
        seen += number
        if seen >= ENOUGH:
            strata.append([])
            seen = 0
    last = strata.pop()  # too few, or none
    if strata:
        strata[-1] += last
    else:
        strata.append(last)
    return strata
