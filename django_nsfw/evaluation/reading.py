"""Labelled pictures on disk → samples: a folder with ``sfw/`` and ``nsfw/``, or a manifest."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..bodies import digest
from ..exceptions import EvaluationError
from ..images import FORMATS, probe
from .folders import in_folder
from .labelled_files import LabelledFile, LeftOut, named
from .samples import Sample
from .tables import in_table

READERS = 8
"""Files that are read at the same time: what a disk or a network drive takes well."""

Progress = Callable[[int, int], None]
"""(files that are done, of how many)."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What was found: each picture once, in the order of the files.

    ``left_out``: what cannot be read or is no picture, with the reason. ``duplicates``: further
    files with the bytes and the label of a sample; the sample is the first of them.
    """

    samples: Sequence[Sample]
    left_out: Sequence[LeftOut]
    duplicates: int


def read(path: Path, *, progress: Progress | None = None) -> Collection:
    """The labelled pictures at ``path``: a folder, or a ``.csv``, ``.parquet`` or ``.jsonl`` file.

    Every file is read once, for its SHA-256. Raises ``EvaluationError`` where there is nothing at
    ``path``, where it has another shape, where the same bytes carry both labels, and where only
    one label is left.
    """
    if not path.exists():
        raise EvaluationError(f"There is no file or folder {path}.")
    files, left_out = in_folder(path) if path.is_dir() else in_table(path)
    samples: list[Sample] = []
    with ThreadPoolExecutor(READERS, thread_name_prefix="nsfw-read") as pool:
        for number, found in enumerate(pool.map(_sample, files), 1):
            if isinstance(found, Sample):
                samples.append(found)
            else:
                left_out.append(found)
            if progress is not None:
                progress(number, len(files))
    distinct = _distinct(samples)
    require_both(distinct, left_out=left_out)
    return Collection(samples=distinct, left_out=left_out, duplicates=len(samples) - len(distinct))


def require_both(samples: Sequence[Sample], *, left_out: Sequence[LeftOut] = ()) -> None:
    """Raises ``EvaluationError`` where there is not a sample of each label."""
    nsfw = sum(sample.nsfw for sample in samples)
    if nsfw and nsfw < len(samples):
        return
    if samples:
        label, other = ("NSFW", "safe") if nsfw else ("safe", "NSFW")
        found = (
            f"All {len(samples)} labelled pictures are {label}. Both kinds are needed: add some "
            f"that are {other}."
        )
    else:
        found = "There is no labelled picture that can be read. Both kinds are needed."
    if left_out:
        reasons = _listed(f"{each.name} ({each.reason})" for each in left_out)
        found += f" Left out: {reasons}"
    raise EvaluationError(found)


def _sample(file: LabelledFile) -> Sample | LeftOut:
    try:
        if file.path.exists() and not file.path.is_file():
            return LeftOut(name=file.name, reason="No file.")  # a pipe would be waited for
        with file.path.open("rb") as body:
            header = probe(body)
            sha256, size = digest(body)
    except OSError as error:
        return LeftOut(name=file.name, reason=error.strerror or str(error))
    if not size:
        return LeftOut(name=file.name, reason="The file is empty.")
    if header is None:
        return LeftOut(
            name=file.name, reason=f"No picture that can be read ({', '.join(FORMATS)})."
        )
    return Sample(
        name=file.name,
        nsfw=file.nsfw,
        open=partial(_open, file.path),
        source=file.source,
        model_field=file.model_field,
        weight=file.weight,
        sha256=sha256,
        format=header.format,
    )


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _distinct(samples: Iterable[Sample]) -> list[Sample]:
    """The first sample of each bytes. Raises where the others disagree with it."""
    by_bytes: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_bytes[sample.sha256].append(sample)
    disagreeing = [same for same in by_bytes.values() if len({s.nsfw for s in same}) == 2]
    if disagreeing:
        listed = _listed(
            " = ".join(f"{s.name} ({'nsfw' if s.nsfw else 'sfw'})" for s in same)
            for same in disagreeing
        )
        number = f"{len(disagreeing)} picture{'s' if len(disagreeing) > 1 else ''}"
        raise EvaluationError(
            f"The same bytes carry both labels ({number}): {listed} Keep each picture under one "
            "label."
        )
    return [same[0] for same in by_bytes.values()]


def _listed(lines: Iterable[str]) -> str:
    return named(list(lines), "; ") + "."
