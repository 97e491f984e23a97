"""Days of the active time zone, and the SQL that tells to which of them a moment belongs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Case, DateTimeField, F, Func, IntegerField, Value, When
from django.db.models.expressions import Expression
from django.db.models.lookups import GreaterThanOrEqual
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

LONGEST = 366
"""Days of a period."""

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Period:
    """From ``first`` to ``last``, both included: days of the time zone that is active."""

    first: date
    last: date

    @classmethod
    def until_today(cls, days: int) -> "Period":
        """The last ``days`` days, today the last of them."""
        last = today()
        return cls(first=last - timedelta(days=days - 1), last=last)

    @property
    def start(self) -> datetime:
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment that is not in it any more."""
        return _midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def until_now(self) -> "Period":
        """The same, and everything since."""
        return Period(first=self.first, last=max(self.last, today()))

    def day_of(self, moment: str | Expression, db: str) -> Expression:
        """Days from 1970-01-01 to the day of ``moment``, which must be in the period.

        The database is told how far the zone was from UTC, and never its name: MariaDB knows none
        until somebody has filled its tables. A change of the clocks splits the period.
        """
        column = F(moment) if isinstance(moment, str) else moment
        first, *later = self._offsets(db)
        offset: Expression = Value(first[1], output_field=IntegerField())
        for at, seconds in later:
            since = GreaterThanOrEqual(column, Value(at, output_field=DateTimeField()))
            offset = Case(When(since, then=seconds), default=offset, output_field=IntegerField())
        return _Day(column, offset)

    def _offsets(self, db: str) -> Iterator[tuple[datetime, int]]:
        """From which moment on stored moments lie how many seconds before the clocks on the wall.

        The first counts for everything before the second.
        """
        if not settings.USE_TZ:  # what is stored are the clocks on the wall
            yield datetime.min, 0
            return
        zone, stored = timezone.get_current_timezone(), connections[db].timezone

        def offset(at: datetime) -> int:
            ahead = at.astimezone(zone).utcoffset(), at.astimezone(stored).utcoffset()
            return int((ahead[0] - ahead[1]).total_seconds())  # type: ignore[operator]

        at = datetime.combine(self.first - timedelta(days=1), time(), UTC)
        last = datetime.combine(self.last + timedelta(days=2), time(), UTC)
        seconds = offset(at)
        yield at, seconds
        while at < last:
            following = at + timedelta(days=1)
            if offset(following) != seconds:
                low, high = at, following
                while high - low > timedelta(seconds=1):
                    middle = (low + (high - low) / 2).replace(microsecond=0)
                    low, high = (middle, high) if offset(middle) == seconds else (low, middle)
                seconds = offset(high)
                yield high, seconds
            at = following


def today() -> date:
    return timezone.localdate() if settings.USE_TZ else timezone.now().date()


def date_of(day: int) -> date:
    """What ``Period.day_of`` gave, as a date."""
    return EPOCH + timedelta(days=day)


def _midnight(day: date) -> datetime:
    naive = datetime.combine(day, time())
    return timezone.make_aware(naive) if settings.USE_TZ else naive


class _Day(Func):
    """The day of a moment, after so many seconds were added to it."""

    output_field = IntegerField()

    def __init__(self, moment: Any, seconds: Any) -> None:
        super().__init__(moment, seconds)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        # EXTRACT is a number of any length, which takes three times as long to calculate with.
        moment = "(({})::timestamp + ({}) * interval '1 second')"
        return self._with(compiler, f"({moment}::date - date '1970-01-01')")

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        # Without the fraction, which it would round: the last millisecond of a day is in that day.
        whole = "CAST(strftime('%%s', SUBSTR({}, 1, 19)) AS INTEGER)"
        return self._with(compiler, f"({whole} + {{}}) / 86400")

    def as_mysql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Any:
        return self._with(compiler, "(TIMESTAMPDIFF(SECOND, '1970-01-01', {}) + {}) DIV 86400")

    def _with(self, compiler: SQLCompiler, template: str) -> Any:
        compiled = [compiler.compile(part) for part in self.get_source_expressions()]
        parameters = [value for _, values in compiled for value in values]
        return template.format(*(sql for sql, _ in compiled)), parameters
