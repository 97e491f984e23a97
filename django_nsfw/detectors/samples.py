"""Pictures drawn by code: to warm a detector up and to compare two with each other."""

import numpy as np
from PIL import Image, ImageDraw


def drawn_pictures() -> list[Image.Image]:
    """Eight RGB pictures, the same each time: flat, smooth, sharp and noisy, wide, tall, tiny."""
    return [
        _gradient(640, 480),
        _gradient(300, 900),
        noise(384, 384),
        noise(1000, 400),
        _shapes(800, 600),
        _shapes(97, 61),
        _checkers(513, 511),
        Image.new("RGB", (400, 400), (196, 148, 120)),
    ]


def noise(width: int, height: int) -> Image.Image:
    """The same each time for the same size."""
    random = np.random.default_rng(20)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))


def _gradient(width: int, height: int) -> Image.Image:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, (across + down) / 2], -1).astype(np.uint8))


def _shapes(width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height), (120, 160, 200))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width // 8, height // 8, width // 2, height // 2), fill=(230, 180, 150))
    draw.rectangle((width // 2, height // 3, width - 5, height - 5), fill=(40, 90, 30))
    draw.line((0, height, width, 0), fill=(255, 255, 0), width=5)
    return image


def _checkers(width: int, height: int) -> Image.Image:
    rows, columns = np.indices((height, width))
    cells = ((rows // 16 + columns // 16) % 2 * 255).astype(np.uint8)
    return Image.fromarray(cells).convert("RGB")
