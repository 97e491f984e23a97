"""How the rows of an order are come by: a walk for each lane and status, merged.

Where rows must be read to tell whether they are asked for, walks end at an edge. What is beyond it
was not looked at, and nothing is said of it.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import OrderBy, Q, QuerySet, Subquery

from ..models import Scan
from ..models.planning import SortedWhenFound
from . import matching
from .asking import Question
from .at_once import at_once
from .lanes import Lane, Place, Spot, lanes


@dataclass(frozen=True, kw_only=True)
class Walk:
    """``rows`` come in their order, the nearest first; ``edge`` is where they end for now."""

    lane: Lane
    rows: QuerySet[Scan]
    edge: Spot | None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Walks to be merged. All of them come before those of the next stage."""

    walks: Sequence[Walk]
    backwards: bool


@dataclass(frozen=True, kw_only=True)
class Found:
    """``edge``: from where on nothing was looked at; None where all was, or enough was found."""

    spots: Sequence[Spot]
    edge: Spot | None = None


def stages(
    question: Question,
    user: AbstractBaseUser,
    scans: QuerySet[Scan],
    *,
    after: Spot | None = None,
    before: Spot | None = None,
) -> Iterator[Stage]:
    """``scans``: what matches the question. At most one query each, for the edges."""
    order = lanes(question)
    spot, backwards = after or before, before is not None
    own = next((lane for lane in order if spot is not None and lane.has(spot)), None)
    if spot is not None and own is None:
        return  # without a score, where a band of scores is asked for: those come last
    ranks = sorted(order, key=lambda lane: lane.rank, reverse=backwards)
    for _, same in groupby(ranks, key=lambda lane: lane.rank):
        begun: list[tuple[Lane, str, Q]] = []
        for lane in same:
            start: Q | None = Q()
            if spot is not None and own is not None:
                start = lane.before(spot, own) if backwards else lane.after(spot, own)
            if start is not None:
                begun += [(lane, status, start) for status in question.statuses]
        edges = _edges(question, user, begun, backwards=backwards)
        walks = []
        for (lane, status, start), value in zip(begun, edges, strict=True):
            rows = scans.filter(lane.condition, start, Q(of_status=status))
            rows = _ordered(rows, lane, backwards=backwards, few=question.shadow)
            edge = None
            if value is not None:
                rows = rows.filter(lane.up_to(value, backwards=backwards))
                edge = lane.edge(value, backwards=backwards)
            walks.append(Walk(lane=lane, rows=rows, edge=edge))
        yield Stage(walks=walks, backwards=backwards)


def look(stages: Iterable[Stage], size: int) -> Found:
    """The first ``size`` of all stages. A query for each walk that is begun."""
    spots: list[Spot] = []
    for stage in stages:
        for _, spot, is_edge in _merged(stage, size):
            if is_edge:
                return Found(spots=spots, edge=spot)
            spots.append(spot)
            if len(spots) == size:
                return Found(spots=spots)
    return Found(spots=spots)


def nearest(*sides: Iterator[Stage]) -> list[Found]:
    """The first of each side. Two queries; one more where the first stage of a side has nothing."""
    ended: dict[int, tuple[Stage, list[Any]]] = {}
    for much in (1, None):
        more = {n: list(islice(s, much)) for n, s in enumerate(sides) if n not in ended}
        walks = [walk for taken in more.values() for stage in taken for walk in stage.walks]
        keys = iter(at_once([Subquery(walk.rows.values("pk")[:1]) for walk in walks]))
        for number, taken in more.items():
            for stage in taken:
                firsts = [next(keys) for _ in stage.walks]
                if number not in ended and (any(firsts) or any(w.edge for w in stage.walks)):
                    ended[number] = (stage, firsts)
    wanted = {key for _, firsts in ended.values() for key in firsts if key is not None}
    spots = {spot.pk: spot for spot in _spots(Scan.objects.filter(pk__in=wanted))}
    return [
        _first(*ended[number], spots) if number in ended else Found(spots=[])
        for number in range(len(sides))
    ]


Step = tuple[Place, Spot, bool]
"""The last says that it is an edge."""


def _merged(stage: Stage, size: int) -> Iterator[Step]:
    walks = [_steps(walk, size) for walk in stage.walks]
    return heapq.merge(*walks, key=_place, reverse=stage.backwards)


def _steps(walk: Walk, size: int) -> Iterator[Step]:
    for spot in _spots(walk.rows[:size]):
        yield walk.lane.place(spot), spot, False
    if walk.edge is not None:
        yield walk.lane.place(walk.edge), walk.edge, True


def _first(stage: Stage, firsts: Sequence[Any], spots: dict[int, Spot]) -> Found:
    """What was deleted since its key was read is left out."""
    steps: list[Step] = []
    for walk, key in zip(stage.walks, firsts, strict=True):
        if key in spots:
            steps.append((walk.lane.place(spots[key]), spots[key], False))
        if walk.edge is not None:
            steps.append((walk.lane.place(walk.edge), walk.edge, True))
    if not steps:
        return Found(spots=[])
    _, spot, is_edge = (max if stage.backwards else min)(steps, key=_place)
    return Found(spots=[], edge=spot) if is_edge else Found(spots=[spot])


def _place(step: Step) -> Place:
    return step[0]


def _spots(rows: QuerySet[Scan]) -> Iterator[Spot]:
    for pk, created_at, nsfw, field in rows.values_list(*Spot.COLUMNS):
        yield Spot(pk=pk, created_at=created_at, nsfw=nsfw, field=field)


def _ordered(
    rows: QuerySet[Scan], lane: Lane, *, backwards: bool, few: bool = False
) -> QuerySet[Scan]:
    column, key = lane.ordering
    by = OrderBy(SortedWhenFound(lane.column), descending=lane.sign < 0) if few else column
    ordered = rows.order_by(by, key)
    return ordered.reverse() if backwards else ordered


def _edges(
    question: Question,
    user: AbstractBaseUser,
    begun: Sequence[tuple[Lane, str, Q]],
    *,
    backwards: bool,
) -> list[Any]:
    """For each walk the value in its column that it ends with; None where it need not end. All
    walks together look at ``LOOKED_AT`` scans, and at what equals the last of them."""
    ends = [matching.reads_one_by_one(question, user, status) for _, status, _ in begun]
    each = max(matching.LOOKED_AT // max(sum(ends), 1), 1)
    asked = []
    for (lane, status, start), does in zip(begun, ends, strict=True):
        if does:
            stretch = lane.stretch & start & matching.span(question, lane.column)
            rows = _ordered(Scan.objects.filter(stretch, status=status), lane, backwards=backwards)
            asked.append(Subquery(rows.values(lane.column)[each : each + 1]))
    values = iter(at_once(asked))
    return [next(values) if does else None for does in ends]
