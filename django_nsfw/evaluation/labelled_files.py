"""What a folder or a manifest says of a file, before anybody has opened it."""

from dataclasses import dataclass
from pathlib import Path


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


def shown(name: str) -> str:
    """A name of a file as text that every file can hold: disks allow bytes that are none."""
    return name.encode("utf-8", "replace").decode()
