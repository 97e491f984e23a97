"""Files and folders on disk → what the detector says of each. No database, no field."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .assessment import assess
from .policy import Policy
from .scores import Assessment, Failure
from .verdict import Verdict

Explain = Callable[[Path, Assessment], Mapping[str, Any] | None]
"""A file and what was found → what drove its score, as JSON; None where there is nothing to say."""


@dataclass(frozen=True, kw_only=True)
class FileResult:
    """One file. ``path`` is printable: bytes and control characters that are not are escaped."""

    path: str
    verdict: Verdict
    assessment: Assessment
    explanation: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        found, failure, worst = self.assessment, self.assessment.failure, self.assessment.worst
        return {
            "path": self.path,
            "verdict": self.verdict.value,
            "nsfw": found.nsfw,
            "scores": dict(worst.scores.labels) if worst else None,
            "detector": found.detector or None,
            "width": found.width or None,
            "height": found.height or None,
            "format": found.format or None,
            "frames_scored": found.frames_scored,
            "ms": round(found.ms, 1),
            "error": {"code": failure.code, "message": failure.message} if failure else None,
            "explanation": self.explanation,
        }


def scan_files(
    paths: Iterable[Path], policy: Policy, explain: Explain | None = None
) -> Iterator[FileResult]:
    """Assess each file, folders recursively in the order of names. Raises nothing for a file, but
    what ``explain`` raises.

    A file name is not held against the content here: archives name files as they like.
    """
    for path in files_below(paths):
        try:
            assessment = _assess(path, policy.detector)
        except OSError as error:
            reason = error.strerror or str(error)
            code = "not_found" if isinstance(error, FileNotFoundError) else "unreadable_file"
            assessment = Assessment(
                sha256="", size=0, failure=Failure(code=code, message=f"{reason}.")
            )
        yield FileResult(
            path=printable(path),
            verdict=policy.verdict(assessment),
            assessment=assessment,
            explanation=explain(path, assessment) if explain else None,
        )


def printable(path: Path) -> str:
    """A file name may hold anything but a slash, terminals and JSON readers may not take it."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _assess(path: Path, alias: str) -> Assessment:
    if path.exists() and not path.is_file():
        raise OSError(0, "Not a regular file")  # opening a pipe would wait for its other end
    with path.open("rb") as file:
        return assess(file, alias=alias)


def files_below(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as they are, and of folders all that is below them, always in the same order."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                yield Path(folder, name)
