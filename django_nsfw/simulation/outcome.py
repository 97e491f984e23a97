"""What came out of a simulation, with how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ..intervals import wilson

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Scans by what their scores lead to: ``review`` by a person, and ``reject``."""

    review: int = 0
    reject: int = 0

    @property
    def held(self) -> int:
        """Where nothing can be refused, both are."""
        return self.review + self.reject

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(review=self.review + other.review, reject=self.reject + other.reject)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one field, or of several summed up; then ``label`` is empty.

    ``came``: scans of the period. ``unscored`` of them have no score, ``known`` equal a known
    picture, and ``others`` have a score of another detector than ``detector``, the one that scored
    last: none of these is counted below. ``daily``: what would have been held each day, in the
    order of the days. ``varies``: the policy may be another one for each object.

    Of what people rejected, ``missed`` would have passed. Of what they approved, ``spared`` would
    have passed without them, and ``refused`` would have been rejected. Of the quality sample,
    ``unfit`` of ``checked`` should not have passed, and neither policy would have had them looked
    at.
    """

    label: str = ""
    detector: str = ""
    came: int = 0
    unscored: int = 0
    known: int = 0
    others: int = 0
    now: Counts = Counts()
    then: Counts = Counts()
    daily: tuple[int, ...] = ()
    varies: bool = False
    rejected: int = 0
    missed: int = 0
    approved: int = 0
    spared: int = 0
    refused: int = 0
    checked: int = 0
    unfit: int = 0

    @property
    def a_day(self) -> float:
        return sum(self.daily) / len(self.daily) if self.daily else 0.0

    @property
    def a_day_between(self) -> tuple[int, int]:
        """What nine days in ten were between: the 5th and the 95th of a hundred, as they were."""
        if not self.daily:
            return 0, 0
        ordered, last = sorted(self.daily), len(self.daily) - 1
        return ordered[int(0.05 * last)], ordered[-1 - int(0.05 * last)]

    @property
    def missed_between(self) -> Interval | None:
        """95 %, of the share of what people reject."""
        return wilson(self.missed, self.rejected)

    @property
    def spared_between(self) -> Interval | None:
        return wilson(self.spared, self.approved)

    @property
    def refused_between(self) -> Interval | None:
        return wilson(self.refused, self.approved)

    @property
    def unfit_between(self) -> Interval | None:
        return wilson(self.unfit, self.checked)

    @classmethod
    def total(cls, outcomes: "Sequence[Outcome]") -> Self:
        summed = (
            "came", "unscored", "known", "others", "rejected", "missed", "approved", "spared",
            "refused", "checked", "unfit",
        )  # fmt: skip
        return cls(
            **{name: sum(getattr(one, name) for one in outcomes) for name in summed},
            now=sum((one.now for one in outcomes), Counts()),
            then=sum((one.then for one in outcomes), Counts()),
            daily=tuple(map(sum, zip(*(one.daily for one in outcomes), strict=True))),
            varies=any(one.varies for one in outcomes),
        )


@dataclass(frozen=True, kw_only=True)
class Simulation:
    fields: tuple[Outcome, ...]

    @property
    def total(self) -> Outcome:
        return Outcome.total(self.fields)

    @property
    def mixed(self) -> bool:
        """Whether the fields were scored by several detectors, whose scores have no one scale."""
        return len({one.detector for one in self.fields if one.detector}) > 1
