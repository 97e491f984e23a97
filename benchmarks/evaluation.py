"""Evaluations: how near they come to a bare loop that decodes and infers, on 10,000 pictures.

Reading the manifest and hashing every file are part of the evaluation. The pictures are taken in
slices, one by the loop and by the evaluation in turn, so that a slow moment of the machine hits
both. All of them in one go, by a detector that takes no time, show whether memory grows.

    python -m benchmarks.evaluation [PICTURES]
"""

import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PICTURES = 10_000
SLICES = 20
SIDES = (160, 640)
"""Pixels of the shortest and of the longest side there is."""

DRAWN = 200
"""Pictures that are drawn; the others are parts of these."""

DETECTORS = {
    "default": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
    "constant": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
}


def main(arguments: Sequence[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.conf import settings

    from django_nsfw.detectors import detectors

    settings.NSFW_DETECTORS = DETECTORS
    detectors.reset()
    number = int(arguments[0]) if arguments else PICTURES
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        paths = _pictures(Path(folder), number)
        size = sum(path.stat().st_size for path in paths) / number
        print(
            f"{number:,} JPEGs of {SIDES[0]} to {SIDES[1]} pixels a side, {size / 1000:.0f} kB on "
            f"average, drawn in {time.perf_counter() - started:.0f} s",
            flush=True,
        )
        _compare(paths)
        _memory(paths)
    _numbers(number)


def _compare(paths: Sequence[Path]) -> None:
    from benchmarks.rescan import _bare
    from django_nsfw.detectors import detectors

    detector = detectors["default"]
    size = max(2, len(paths) // SLICES)
    slices = [paths[begin : begin + size] for begin in range(0, len(paths), size)]
    _bare(detector, slices[0][:32])
    bare, evaluated, resident = [], [], []
    for each in slices:
        bare.append(_timed(lambda each=each: _bare(detector, each)))  # type: ignore[misc]
        evaluated.append(_timed(lambda each=each: evaluate(each, "default")))  # type: ignore[misc]
        resident.append(_resident())
    shares = [b / e for b, e in zip(bare, evaluated, strict=True)]
    print(
        f"evaluation: {len(paths) / sum(evaluated):.1f} images/s, a bare loop "
        f"{len(paths) / sum(bare):.1f} images/s, ratio {sum(bare) / sum(evaluated):.2f} (to be "
        f"held: 0.95; slices {min(shares):.2f} to {max(shares):.2f}, median "
        f"{statistics.median(shares):.2f}); resident after the first slice {resident[0]} MiB, "
        f"after the last {resident[-1]} MiB, at most {max(resident)} MiB",
        flush=True,
    )


def _memory(paths: Sequence[Path]) -> None:
    evaluate(paths[:256], "constant")
    before = _resident()
    with _watched() as most:
        seconds = _timed(lambda: evaluate(paths, "constant"))
    print(
        f"all in one go, by a detector that takes no time: {len(paths) / seconds:.0f} images/s; "
        f"resident before {before} MiB, at most {most[0]} MiB, after {_resident()} MiB",
        flush=True,
    )


def _pictures(folder: Path, number: int) -> list[Path]:
    """One file a picture, each of other bytes."""
    from PIL import Image

    chance = random.Random(7)  # noqa: S311
    drawn = [_draw(chance) for _ in range(min(DRAWN, number))]
    paths = []
    for place in range(number):
        source = drawn[place % len(drawn)]
        width, height = (chance.randint(SIDES[0], SIDES[1]) for _ in range(2))
        left, top = chance.randint(0, SIDES[1] - width), chance.randint(0, SIDES[1] - height)
        image = source.crop((left, top, left + width, top + height))
        if place % 2:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        image.putpixel((place % width, place // width % height), (place % 256, 0, 255))
        path = folder / f"{place}.jpg"
        image.save(path, "JPEG", quality=88)
        paths.append(path)
    return paths


def _draw(chance: random.Random) -> Any:
    """Ellipses of any colour over a gradient, with a little noise, as photographs have."""
    import numpy as np
    from PIL import Image, ImageDraw

    side = SIDES[1]
    colours = [tuple(chance.randrange(256) for _ in range(3)) for _ in range(14)]
    ramp = Image.linear_gradient("L").resize((side, side)).rotate(chance.choice((0, 90, 180)))
    image = Image.composite(
        Image.new("RGB", (side, side), colours[0]), Image.new("RGB", (side, side), colours[1]), ramp
    )
    pen = ImageDraw.Draw(image)
    for colour in colours[2:]:
        left, top = chance.randrange(side), chance.randrange(side)
        pen.ellipse((left, top, left + chance.randrange(20, 300), top + chance.randrange(20, 300)),
                    fill=colour)  # fmt: skip
    noise = np.random.default_rng(chance.randrange(2**32)).normal(0, 6, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def evaluate(paths: Sequence[Path], alias: str) -> None:
    from django_nsfw.evaluation.reading import read
    from django_nsfw.evaluation.scoring import score

    manifest = paths[0].with_suffix(".csv")
    rows = "".join(f"{path.name},{place % 2}\n" for place, path in enumerate(paths))
    manifest.write_text(f"path,label\n{rows}")
    [said], _ = score(read(manifest).samples, [alias])
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


@contextmanager
def _watched() -> Iterator[list[int]]:
    """The most that was resident meanwhile, in MiB."""
    most, ended = [_resident()], threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            most[0] = max(most[0], _resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield most
    ended.set()
    watcher.join()


def _resident() -> int:
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


def _timed(deed: Callable[[], Any]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1:])
