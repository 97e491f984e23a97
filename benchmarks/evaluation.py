"""Evaluations: how near they come to a bare loop that decodes and infers, on 10,000 pictures.

Reading the manifest and hashing every file are part of the evaluation. The pictures are taken in
slices, one by the loop and by the evaluation in turn, so that a slow moment of the machine hits
both.

    python -m benchmarks.evaluation [PICTURES]
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PICTURES = 10_000
SLICES = 20
SIDE = (640, 480)


def main(arguments: Sequence[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.conf import settings

    from benchmarks.rescan import _bare
    from django_nsfw.detectors import detectors

    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
    }
    detectors.reset()
    detector = detectors["default"]
    number = int(arguments[0]) if arguments else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        paths = _pictures(Path(folder), number)
        size = max(2, number // SLICES)
        slices = [paths[begin : begin + size] for begin in range(0, number, size)]
        _bare(detector, slices[0][:32])
        bare, evaluated = [], []
        for each in slices:
            bare.append(_timed(lambda each=each: _bare(detector, each)))  # type: ignore[misc]
            evaluated.append(_timed(lambda each=each: _evaluate(each)))  # type: ignore[misc]
    shares = [b / e for b, e in zip(bare, evaluated, strict=True)]
    print(
        f"evaluation of {number:,} pictures of {SIDE[0]} × {SIDE[1]}: "
        f"{number / sum(evaluated):.1f} images/s, a bare loop {number / sum(bare):.1f} images/s, "
        f"ratio {sum(bare) / sum(evaluated):.2f} (median of {len(shares)} slices "
        f"{statistics.median(shares):.2f})",
        flush=True,
    )
    _numbers(number)


def _pictures(folder: Path, number: int) -> list[Path]:
    """One file a picture, each of other bytes."""
    from PIL import Image

    from benchmarks.pictures import camera_jpegs

    sources = [Image.open(path).convert("RGB").resize(SIDE) for path in camera_jpegs((8,))]
    paths = []
    for place in range(number):
        image = sources[place % len(sources)].copy()
        image.putpixel((place % SIDE[0], place // SIDE[0]), (place % 256, 0, 255))
        image.paste((place % 251, place % 241, place % 239), (0, 0, 16, 16))
        path = folder / f"{place}.jpg"
        image.save(path, "JPEG", quality=88)
        paths.append(path)
    return paths


def _evaluate(paths: Sequence[Path]) -> None:
    from django_nsfw.evaluation.reading import read
    from django_nsfw.evaluation.scoring import score

    manifest = paths[0].with_suffix(".csv")
    rows = "".join(f"{path.name},{place % 2}\n" for place, path in enumerate(paths))
    manifest.write_text(f"path,label\n{rows}")
    [said], _ = score(read(manifest).samples, ["default"])
    if len(said.rows) != len(paths) or any(row.nsfw is None for row in said.rows):
        raise RuntimeError("not every picture has a score of its own")


def _numbers(number: int) -> None:
    """What comes after the scores: every number at every threshold, with its interval."""
    import io

    import numpy as np

    from django_nsfw.evaluation.metrics import GRID, measure
    from django_nsfw.evaluation.samples import Sample
    from django_nsfw.evaluation.scoring import Scored

    rng = np.random.default_rng(1)
    rows = [
        Scored(sample=Sample(name="", nsfw=bool(place % 2), open=io.BytesIO), nsfw=float(nsfw))
        for place, nsfw in enumerate(rng.random(number))
    ]
    seconds = _timed(lambda: measure(rows, GRID))
    print(f"numbers and intervals of {number:,} scores: {seconds:.1f} s", flush=True)


def _timed(deed: Callable[[], Any]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1:])
