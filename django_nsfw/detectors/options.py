"""Checks of constructor options. The handler names the alias in front of these messages."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from .base import available_cpus


def thread_count(value: int | None) -> int:
    """Threads of one forward pass; None means every processor this process may use."""
    return available_cpus() if value is None else positive("threads", value)


def positive(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ImproperlyConfigured(f"{name!r} must be a whole number above 0, not {value!r}.")
    return value


def seconds(name: str, value: float) -> float:
    if not _is_number(value) or not value > 0:
        raise ImproperlyConfigured(f"{name!r} must be seconds above 0, not {value!r}.")
    return float(value)


def digest(value: str | None) -> str:
    """A SHA-256 in lower-case hexadecimal, or "" where none is pinned."""
    if value is None:
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ImproperlyConfigured(
            f"'sha256' must be 64 hexadecimal digits of a SHA-256, not {value!r}."
        )
    return value.lower()


def names(name: str, value: Iterable[str] | None) -> tuple[str, ...]:
    """Distinct strings in their order; () where the option was left out."""
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ImproperlyConfigured(f"{name!r} must be a list of strings, not {value!r}.")
    given = tuple(value)
    if not given or not all(isinstance(v, str) and v for v in given):
        raise ImproperlyConfigured(f"{name!r} must be a list of strings, not {value!r}.")
    if len(set(given)) != len(given):
        raise ImproperlyConfigured(f"{name!r} names something twice: {', '.join(given)}.")
    return given


def one_of(name: str, value: str, valid: Sequence[str]) -> str:
    if value not in valid:
        raise ImproperlyConfigured(f"{name!r} is {value!r}, which is none of: {', '.join(valid)}.")
    return value


def file_path(name: str, value: "str | Path") -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ImproperlyConfigured(f"{name!r} must be a path, not {value!r}.")
    return Path(value)


def text(name: str, value: str) -> str:
    if not isinstance(value, str) or not value:
        raise ImproperlyConfigured(f"{name!r} must be a string, not {value!r}.")
    return value


def fraction(name: str, value: float) -> float:
    """A score from which something happens."""
    if not _is_number(value) or not 0 < value <= 1:
        raise ImproperlyConfigured(f"{name!r} must be above 0 and at most 1, not {value!r}.")
    return float(value)


def above_zero(name: str, value: float) -> float:
    if not _is_number(value) or not 0 < value < math.inf:
        raise ImproperlyConfigured(f"{name!r} must be numbers above 0, not {value!r}.")
    return float(value)


def by_name(
    name: str, value: Mapping[str, float] | None, valid: Sequence[str]
) -> Mapping[str, float]:
    """What was given for some of ``valid``; {} where the option was left out."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ImproperlyConfigured(f"{name!r} must be a dictionary, not {value!r}.")
    for key in value:
        if key not in valid:
            raise ImproperlyConfigured(
                f"{name!r} names {key!r}, which is none of: {', '.join(valid)}."
            )
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
