"""Orders of the queue as walks along the indexes of one status each, which are merged.

``status IN (…) ORDER BY created_at`` would sort all that waits on every page; along the index of
one status the first rows are the first of the order. The order by uncertainty has two such walks
for every threshold: upwards from it, and downwards.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from django.conf import settings
from django.db.models import Q

from ..conf import nsfw_settings
from ..models import Scan
from ..policy import Policy
from ..registry import registry
from .asking import HIGHEST, LOWEST, NEWEST, OLDEST, Question

LARGEST = 2**63 - 1
"""A primary key."""

UPWARDS: Literal[1] = 1
DOWNWARDS: Literal[-1] = -1

Sign = Literal[1, -1]
Place = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Spot:
    """What the place of a scan in any order follows from. None of it changes when somebody decides,
    and so neither do places."""

    pk: int
    created_at: datetime
    nsfw: float | None
    field: str

    COLUMNS = ("pk", "created_at", "nsfw", "field")

    @classmethod
    def of(cls, scan: Scan) -> "Spot":
        return cls(pk=scan.pk, created_at=scan.created_at, nsfw=scan.nsfw, field=scan.field)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """Scans in the order of one column. ``number`` tells lanes of one order apart; ``rank``: all of
    a lower one come before. With a ``threshold`` lanes are merged by the distance from it.
    """

    number: int
    rank: int
    column: Literal["created_at", "nsfw"]
    sign: Sign
    scored: bool | None = None
    """Only those with a score, or only those without one."""
    threshold: float | None = None
    fields: frozenset[str] = frozenset()
    """Fields with that threshold, or with ``others`` those with another one."""
    others: bool = False

    @property
    def condition(self) -> Q:
        wanted = self.stretch
        if self.fields:
            named = Q(of_field__in=sorted(self.fields))
            wanted &= ~named if self.others else named
        return wanted

    @property
    def stretch(self) -> Q:
        """The part of the condition that an index of the column serves."""
        wanted = Q() if self.scored is None else Q(nsfw__isnull=not self.scored)
        if self.threshold is not None:
            wanted &= Q(nsfw__gte=self.threshold) if self.sign > 0 else Q(nsfw__lt=self.threshold)
        return wanted

    @property
    def ordering(self) -> tuple[str, str]:
        return (self.column, "pk") if self.sign > 0 else (f"-{self.column}", "-pk")

    def has(self, spot: Spot) -> bool:
        if self.scored is not None and self.scored != (spot.nsfw is not None):
            return False
        if self.fields and (spot.field in self.fields) == self.others:
            return False
        if self.threshold is None or spot.nsfw is None:
            return True
        return (spot.nsfw >= self.threshold) == (self.sign > 0)

    def place(self, spot: Spot) -> Place:
        """To be compared with places in other lanes of the order."""
        value = _seconds(spot.created_at) if self.column == "created_at" else spot.nsfw or 0.0
        return (
            self.rank,
            self.distance(value),
            self.number,
            self.sign * value,
            self.sign * spot.pk,
        )

    def distance(self, score: float) -> float:
        return 0.0 if self.threshold is None else self.sign * (score - self.threshold)

    def after(self, spot: Spot, own: "Lane") -> Q | None:
        """What comes after ``spot``, which is in lane ``own``. None: nothing here."""
        if self.rank != own.rank:
            return Q() if self.rank > own.rank else None
        if self == own:
            return self._beyond(spot, forwards=True)
        bound = self._bound(own.distance(spot.nsfw or 0.0), including=self.number > own.number)
        return Q(nsfw__gte=bound) if self.sign > 0 else Q(nsfw__lte=bound)

    def before(self, spot: Spot, own: "Lane") -> Q | None:
        if self.rank != own.rank:
            return Q() if self.rank < own.rank else None
        if self == own:
            return self._beyond(spot, forwards=False)
        bound = self._bound(own.distance(spot.nsfw or 0.0), including=self.number > own.number)
        return Q(nsfw__lt=bound) if self.sign > 0 else Q(nsfw__gt=bound)

    def edge(self, value: Any, *, backwards: bool) -> Spot:
        """A place of no scan, behind all that have this value in the column."""
        scored = self.column == "nsfw"
        return Spot(
            pk=LARGEST if (self.sign > 0) != backwards else 0,
            created_at=datetime(1970, 1, 1, tzinfo=UTC if settings.USE_TZ else None)
            if scored
            else value,
            nsfw=value if scored else None,
            field="" if self.others else next(iter(self.fields), ""),
        )

    def up_to(self, value: Any, *, backwards: bool) -> Q:
        """What has the value in the column, or comes before that."""
        less = "lte" if (self.sign > 0) != backwards else "gte"
        return Q(**{f"{self.column}__{less}": value})

    def _beyond(self, spot: Spot, *, forwards: bool) -> Q:
        """The first condition is for the index, the second for equals."""
        more = "gt" if (self.sign > 0) == forwards else "lt"
        value = getattr(spot, self.column)
        return Q(**{f"{self.column}__{more}e": value}) & (
            Q(**{f"{self.column}__{more}": value}) | Q(**{f"pk__{more}": spot.pk})
        )

    def _bound(self, distance: float, *, including: bool) -> float:
        """The score nearest to the threshold that is so far away, or farther where that one is not
        to be ``including``. Differences of floats are rounded, hence the steps; far fewer are
        taken unless a score is next to 0 by less than can be told from it."""
        threshold = self.threshold or 0.0

        def beyond(score: float) -> bool:
            found = self.distance(score)
            return found >= distance if including else found > distance

        score = threshold + self.sign * distance
        for _ in range(STEPS):
            if beyond(score):
                break
            score = math.nextafter(score, self.sign * math.inf)
        for _ in range(STEPS):
            nearer = math.nextafter(score, threshold)
            if not beyond(nearer):
                break
            score = nearer
        return score


STEPS = 8


def _seconds(moment: datetime) -> float:
    """Exact to the microsecond; where the site has no time zones, no hour is there twice."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def lanes(question: Question) -> Sequence[Lane]:
    """Those of the order that is asked for."""
    return list(_lanes(question))


def _lanes(question: Question) -> Iterator[Lane]:
    if question.sort in (OLDEST, NEWEST):
        sign = UPWARDS if question.sort == OLDEST else DOWNWARDS
        yield Lane(number=0, rank=0, column="created_at", sign=sign)
        return
    number = 0
    for options in _scored(question.sort):
        yield Lane(number=number, rank=0, column="nsfw", scored=True, **options)
        number += 1
    if question.low is None and question.high is None:  # what has no score comes last
        yield Lane(number=number, rank=1, column="created_at", sign=UPWARDS, scored=False)


def _scored(sort: str) -> Iterator[dict[str, Any]]:
    if sort in (LOWEST, HIGHEST):
        yield {"sign": UPWARDS if sort == LOWEST else DOWNWARDS}
        return
    for threshold, fields, others in thresholds():
        for sign in (UPWARDS, DOWNWARDS):
            yield {"sign": sign, "threshold": threshold, "fields": fields, "others": others}


def thresholds() -> Iterator[tuple[float, frozenset[str], bool]]:
    """Each threshold with its fields; the last one is that of the project, with the fields that
    have another one. Thresholds of single objects (``for_object``) are not known here."""
    usual = _threshold(Policy.of(nsfw_settings.policy))
    fields: defaultdict[float, set[str]] = defaultdict(set)
    for label, watched in registry.watched.items():
        threshold = _threshold(Policy.of(nsfw_settings.policy, watched.options))
        if threshold != usual:
            fields[threshold].add(label)
    for threshold in sorted(fields):
        yield threshold, frozenset(fields[threshold]), False
    yield usual, frozenset[str]().union(*fields.values()), True


def _threshold(policy: Policy) -> float:
    """Where nobody is asked to look, that above which uploads are refused; or else the middle."""
    for threshold in (policy.review, policy.reject):
        if threshold is not None:
            return threshold
    return Policy.review or 0.5
