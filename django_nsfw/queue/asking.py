"""What a moderator asks the queue for, as a value that is written as a query string and read."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..models import Scan
from ..models.assessed import LABEL_LENGTH
from ..verdict import Verdict

OLDEST, NEWEST, LOWEST, HIGHEST = "-age", "age", "score", "-score"
UNCERTAIN = "uncertainty"
SORTS: Mapping[str, Promise] = {
    OLDEST: _("oldest first"),
    NEWEST: _("newest first"),
    HIGHEST: _("highest score first"),
    LOWEST: _("lowest score first"),
    UNCERTAIN: _("closest to the threshold first"),
}

SCORE, KNOWN = "score", "known"
"""Reasons that are no error: the detector's score, and what a picture equals or resembles."""

MANY = 50
"""Values of one filter."""

LONGEST_AGE = 1_000_000
"""Hours: more than a century."""

_FIELD = re.compile(r"\w+\.\w+\.\w+")
_REASON = re.compile(r"[a-z_]{1,32}")


@dataclass(frozen=True, kw_only=True)
class Question:
    """Filters and an order; what is empty or None does not filter.

    ``low`` and ``high`` are scores and both belong to the band. ``reasons`` are codes of errors,
    ``"score"`` or ``"known"``. ``uploader`` is a primary key. Ages are hours. ``shadow``: where
    a second detector disagrees. ``problems`` says in sentences what was left out because it made
    no sense; it is no part of the question.

    Only programs ask for moments in place of ages, from ``since`` to ``until`` with both of them,
    and for the files of one object: ``object_pk``, as text, together with ``fields``. No query
    string has these.
    """

    statuses: tuple[str, ...] = tuple(status.value for status in Scan.WAITING)
    fields: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    reasons: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    detector: str = ""
    label: str = ""
    uploader: Any = None
    min_age: int | None = None
    max_age: int | None = None
    mine: bool = False
    escalated: bool = False
    shadow: bool = False
    sort: str = OLDEST
    since: datetime | None = None
    until: datetime | None = None
    object_pk: str = ""
    problems: tuple[str, ...] = ()

    KEYS: ClassVar[tuple[str, ...]] = (
        "status", "field", "low", "high", "reason", "verdict", "detector", "label", "uploader",
        "min_age", "max_age", "mine", "escalated", "shadow", "sort",
    )  # fmt: skip
    """The keys of the query string, in its order. Others in it are not ours and do not matter."""

    @classmethod
    def of(cls, data: QueryDict) -> "Question":
        """Raises nothing: anybody can type anything into an address."""
        read = _Reader(data)
        statuses = read.several("status", {status.value for status in Scan.Status}.__contains__)
        low, high = read.one("low", _score), read.one("high", _score)
        if low is not None and high is not None and low > high:
            read.complain("high", data.get("high", ""))
            high = None
        question = cls(
            statuses=statuses or cls.statuses,
            fields=read.several("field", _FIELD.fullmatch),
            low=low,
            high=high,
            reasons=read.several("reason", _REASON.fullmatch),
            verdicts=read.several("verdict", {verdict.value for verdict in Verdict}.__contains__),
            detector=read.one("detector", _text(255)) or "",
            label=read.one("label", _text(LABEL_LENGTH)) or "",
            uploader=read.one("uploader", person_key),
            min_age=read.one("min_age", _hours),
            max_age=read.one("max_age", _hours),
            mine=read.one("mine", _switch) or False,
            escalated=read.one("escalated", _switch) or False,
            shadow=read.one("shadow", _switch) or False,
            sort=read.one("sort", _sort) or cls.sort,
            problems=(),
        )
        object.__setattr__(question, "problems", tuple(read.problems))
        return question

    def query(self) -> str:
        """Canonical: the same question is the same text, and what is the default is left out."""
        several = {"field": self.fields, "reason": self.reasons, "verdict": self.verdicts}
        if set(self.statuses) != set(Question.statuses):
            several["status"] = self.statuses
        given: dict[str, Any] = {key: sorted(values) for key, values in several.items() if values}
        for key in ("low", "high", "min_age", "max_age", "uploader"):
            if (value := getattr(self, key)) is not None:
                given[key] = str(value)
        given |= {key: value for key in ("detector", "label") if (value := getattr(self, key))}
        given |= {key: "1" for key in ("mine", "escalated", "shadow") if getattr(self, key)}
        if self.sort != Question.sort:
            given["sort"] = self.sort
        return urlencode([(key, given[key]) for key in self.KEYS if key in given], doseq=True)


class _Reader:
    """The values of a query string, and what was wrong with them."""

    def __init__(self, data: QueryDict) -> None:
        self.data = data
        self.problems: list[str] = []

    def several(self, key: str, valid: Callable[[str], object]) -> tuple[str, ...]:
        given = sorted({value for value in self.data.getlist(key) if value})
        for value in given:
            if not valid(value):
                self.complain(key, value)
        if len(given) > MANY:
            self.problems.append(
                _("At most %(many)d values can be chosen for “%(key)s”.")
                % {"many": MANY, "key": key}
            )
        return tuple(filter(valid, given))[:MANY]

    def one(self, key: str, read: Callable[[str], Any]) -> Any:
        given = self.data.get(key, "").strip()
        if not given:
            return None
        try:
            return read(given)
        except (ValueError, OverflowError, ValidationError):
            self.complain(key, given)
            return None

    def complain(self, key: str, value: str) -> None:
        shown = value if len(value) <= 50 and value.isprintable() else f"{ascii(value)[1:-1][:40]}…"
        self.problems.append(
            _("“%(value)s” was left out: it is no value for “%(key)s”.")
            % {"value": shown, "key": key}
        )


def _score(text: str) -> float:
    score = float(text)
    if not (math.isfinite(score) and 0 <= score <= 1):
        raise ValueError(text)
    return score


def _hours(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and int(text) <= LONGEST_AGE):
        raise ValueError(text)
    return int(text)


def _switch(text: str) -> bool:
    if text not in ("1", "0"):
        raise ValueError(text)
    return text == "1"


def _sort(text: str) -> str:
    if text not in SORTS:
        raise ValueError(text)
    return text


def _text(length: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > length or not text.isprintable():
            raise ValueError(text)
        return text

    return read


def person_key(text: str) -> Any:
    """A key that can be one, whatever the keys of the site's users are."""
    key = get_user_model()._meta.pk
    assert key is not None  # noqa: S101 - every concrete model has one
    if len(text) > 255 or not text.isprintable():
        raise ValueError(text)
    value = key.to_python(text)
    key.run_validators(value)
    return value
