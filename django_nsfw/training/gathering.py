"""Samples → pictures that can be trained on, each looked at once."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from ..bodies import digest
from ..detectors.base import available_cpus
from ..evaluation.samples import Sample
from ..exceptions import NSFWError, TrainingRefused
from ..images import open_picture
from ..images.rendering import shown
from ..limits import Limits
from ..perceptual import SIDE, perceive
from ..scores import Ground

MIN_QUALITY = 50
"""Below it a picture is too flat for its PDQ hash to say anything, as for known images."""

NAMED = 5
"""Pictures that an error names, of however many it is about."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """A picture that can be decoded. ``pdq`` is empty where its hash says nothing."""

    sample: Sample
    sha256: str
    pdq: str


@dataclass(frozen=True, kw_only=True)
class Gathering:
    """``left_out``: name → why it cannot be trained on. ``duplicates``: further ones with the same
    bytes and label."""

    pictures: Sequence[Gathered]
    left_out: Mapping[str, str]
    duplicates: int


def first_frame(file: BinaryIO, limits: Limits, *, side: int) -> Image.Image:
    """The first frame, upright, RGB, over white, for a model that sees ``side`` pixels.

    Raises ``ImageError``.
    """
    return shown(open_picture(file, limits).frame(0, side=side), Ground.WHITE)


def gather(
    samples: Iterable[Sample],
    limits: Limits,
    *,
    hashes: Path,
    progress: Callable[[int], None] = lambda done: None,
) -> Gathering:
    """Read every sample once: its digest, whether it can be decoded, its perceptual hash.

    ``hashes`` is a file that keeps what was hashed, for a run that is resumed. ``progress`` is told
    how many are done. Raises ``TrainingRefused`` for the same bytes with different labels.
    """
    kept = _Hashes(hashes)
    pictures: dict[str, Gathered] = {}
    left_out: dict[str, str] = {}
    duplicates = 0
    disagreeing: list[str] = []
    with kept, ThreadPoolExecutor(available_cpus(), thread_name_prefix="nsfw-train") as pool:
        for done, (sample, found) in enumerate(_looked_at(pool, samples, limits, kept), start=1):
            progress(done)
            if isinstance(found, str):
                left_out[sample.name] = found
                continue
            kept.add(found)
            before = pictures.setdefault(found.sha256, found)
            if before is found:
                continue
            if before.sample.nsfw != sample.nsfw:
                disagreeing.append(f"{before.sample.name} and {sample.name}")
            duplicates += 1
    if disagreeing:
        more = len(disagreeing) - NAMED
        raise TrainingRefused(
            "The same bytes have different labels: "
            + "; ".join(disagreeing[:NAMED])
            + (f"; and {more} more" if more > 0 else "")
            + ". Keep each picture under one label."
        )
    return Gathering(
        # In an order of their own, whatever that of the files.
        pictures=sorted(pictures.values(), key=lambda one: one.sha256),
        left_out=left_out,
        duplicates=duplicates,
    )


def _looked_at(
    pool: ThreadPoolExecutor, samples: Iterable[Sample], limits: Limits, kept: "_Hashes"
) -> Iterator[tuple[Sample, Gathered | str]]:
    """Some hundreds at a time: samples may come from a cursor."""
    iterator = iter(samples)
    while some := list(islice(iterator, 256)):
        found = pool.map(lambda sample: _look(sample, limits, kept), some)
        yield from zip(some, found, strict=True)


def _look(sample: Sample, limits: Limits, kept: "_Hashes") -> Gathered | str:
    try:
        with sample.open() as file:
            sha256, _ = digest(file)
            if sample.sha256 not in ("", sha256):
                return "The file has changed since it was labelled."
            pdq = kept.get(sha256)
            if pdq is None:
                perceptual = perceive(first_frame(file, limits, side=SIDE))
                pdq = perceptual.pdq if perceptual.quality >= MIN_QUALITY else ""
    except NSFWError as error:
        return str(error)
    except OSError as error:
        return f"It cannot be read: {error.strerror or error}."
    except Exception as error:  # noqa: BLE001 - storages raise anything; it is listed
        return f"It cannot be read: {type(error).__name__}: {error}"
    return Gathered(sample=sample, sha256=sha256, pdq=pdq)


class _Hashes:
    """SHA-256 → hash, in a file that grows by a line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    sha256, pdq = json.loads(line)
                except ValueError:  # the last line of a run that was killed
                    continue
                self._known[sha256] = pdq

    def __enter__(self) -> None:
        self._file = self._path.open("a")

    def __exit__(self, *exc_info: object) -> None:
        self._file.close()

    def get(self, sha256: str) -> str | None:
        return self._known.get(sha256)

    def add(self, picture: Gathered) -> None:
        if picture.sha256 not in self._known:
            self._known[picture.sha256] = picture.pdq
            self._file.write(json.dumps([picture.sha256, picture.pdq]) + "\n")
