"""What a folder or a manifest says of a file, before anybody has opened it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAMED = 10
"""Files that an error names, of however many it is about."""


@dataclass(frozen=True, kw_only=True)
class LabelledFile:
    """``name`` is what reports call it; the rest is as :class:`~.samples.Sample` has it."""

    path: Path
    name: str
    nsfw: bool
    source: str = ""
    model_field: str = ""
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A file that is no sample, and why, as a sentence or the words of the system."""

    name: str
    reason: str


def named(files: Sequence[str], separator: str) -> str:
    """The first of them, and how many more there are."""
    more = f" … and {len(files) - NAMED} more" if len(files) > NAMED else ""
    return separator.join(files[:NAMED]) + more


def shown(name: str) -> str:
    """A name of a file as text that every file can hold: disks allow bytes that are none."""
    return name.encode("utf-8", "replace").decode()
