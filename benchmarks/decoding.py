"""How long it takes to get from a camera's JPEG to the input of the model.

Compares this package (limits checked, decoded at a reduced scale, then resized) with the usual way
(decoded whole, then resized), on the same files in the same run. Prints milliseconds and their
ratio; only the ratio means something elsewhere.

    python -m benchmarks.decoding
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from benchmarks.pictures import SIZES, camera_jpegs
from django_nsfw.images import open_picture
from django_nsfw.limits import Limits

INPUT_SIDE = 384
LIMITS = Limits(max_bytes=50_000_000)


def to_input(image: Image.Image) -> Image.Image:
    """The short side brought to the input by PIL's antialiased bicubic, and the centre cut out."""
    scale = INPUT_SIDE / min(image.size)
    width, height = (round(side * scale) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, upper = (width - INPUT_SIDE) // 2, (height - INPUT_SIDE) // 2
    return image.crop((left, upper, left + INPUT_SIDE, upper + INPUT_SIDE))


def usual(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return to_input(image.convert("RGB"))


def ours(data: bytes) -> Image.Image:
    (crop,) = open_picture(io.BytesIO(data), LIMITS).crops(input_side=INPUT_SIDE)
    return to_input(crop.image)


def milliseconds(way: Callable[[bytes], Image.Image], data: bytes) -> float:
    start = time.perf_counter()
    way(data)
    return (time.perf_counter() - start) * 1000


def measure(path: Path, rounds: int) -> tuple[float, float, float]:
    """Medians of both ways in milliseconds, and the mean difference in levels of 255."""
    data = path.read_bytes()
    difference = ImageStat.Stat(ImageChops.difference(usual(data), ours(data))).mean
    times = [(milliseconds(usual, data), milliseconds(ours, data)) for _ in range(rounds)]
    slow, fast = (statistics.median(column) for column in zip(*times, strict=True))
    return slow, fast, statistics.fmean(difference)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="measurements per file")
    parser.add_argument("--megapixels", type=int, nargs="+", default=[*SIZES], choices=[*SIZES])
    options = parser.parse_args(arguments)
    for size in options.megapixels:
        ratios = []
        for path in camera_jpegs([size]):
            slow, fast, difference = measure(path, options.rounds)
            ratios.append(fast / slow)
            print(
                f"{path.stem:24} {path.stat().st_size / 1e6:5.2f} MB  usual {slow:6.1f} ms  "
                f"ours {fast:6.1f} ms  ratio {fast / slow:.2f}  differs by {difference:.2f} levels"
            )
        print(f"{size} megapixels: median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
