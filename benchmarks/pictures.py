"""Camera-like JPEGs to measure on: free photographs, enlarged, with the noise of a sensor.

The photographs come with scikit-image and are in the public domain or CC0, as its documentation
says of each: astronaut and hubble_deep_field (NASA), rocket (SpaceX), chelsea (Stefan van der
Walt), coffee (Rachel Michetti), retina (Häggström). They are small; what makes a camera's file slow
to decode is its size and its noise, and those are put in here.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

CACHE = Path(__file__).parent / ".cache" / "camera"

PHOTOGRAPHS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
    "rocket.jpg",
)

SIZES = {8: (3264, 2448), 12: (4000, 3000), 16: (4608, 3456)}
"""Megapixels → width and height of the usual 4:3 sensors, in pixels."""

SHOT_NOISE = 0.9
"""Standard deviation, in levels of 255, of a pixel of level 1; it grows with the square root.

With it 12 megapixels take three to five megabytes at quality 90, as those of telephones do.
"""


def camera_jpegs(megapixels: Sequence[int] = (8, 12, 16), *, cache: Path = CACHE) -> list[Path]:
    """Paths of the JPEGs, one per photograph and size; made at the first call, then kept."""
    cache.mkdir(parents=True, exist_ok=True)
    paths = []
    for size in megapixels:
        for name in PHOTOGRAPHS:
            path = cache / f"{Path(name).stem}-{size}mp.jpg"
            if not path.exists():
                _take(name, SIZES[size], path)
            paths.append(path)
    return paths


def _take(name: str, size: tuple[int, int], path: Path) -> None:
    import skimage

    with Image.open(Path(skimage.__file__).parent / "data" / name) as photograph:
        image = photograph.convert("RGB")
    width, height = image.size
    if width * 3 > height * 4:
        side = height * 4 // 3
        image = image.crop(((width - side) // 2, 0, (width + side) // 2, height))
    else:
        side = width * 3 // 4
        image = image.crop((0, (height - side) // 2, width, (height + side) // 2))
    image = image.resize(size, Image.Resampling.BICUBIC)
    part = path.with_suffix(".part")
    _with_noise(image, seed=name).save(part, "JPEG", quality=90, subsampling="4:2:0")
    part.replace(path)


def _with_noise(image: Image.Image, *, seed: str) -> Image.Image:
    """``image`` with shot noise, in strips: a 16-megapixel array of floats takes 400 MB."""
    noise = np.random.default_rng(random.Random(seed).randrange(2**32))  # noqa: S311
    result = Image.new("RGB", image.size)
    for top in range(0, image.height, 256):
        box = (0, top, image.width, min(top + 256, image.height))
        levels = np.asarray(image.crop(box), dtype=np.float32)
        grain = noise.standard_normal(levels.shape, dtype=np.float32)
        noisy = levels + grain * SHOT_NOISE * np.sqrt(levels + 4)
        result.paste(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)), box)
    return result


if __name__ == "__main__":
    for made in camera_jpegs():
        print(f"{made.stat().st_size / 1e6:6.2f} MB  {made}")
