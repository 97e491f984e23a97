"""Pictures in which it is known what a detector of spots looks at."""

from PIL import Image

from tests.images.drawing import flat

BLUE, RED = (20, 30, 90), (255, 0, 0)


def with_spot(at, size=(160, 160), spot=RED, ground=BLUE, side=20) -> Image.Image:
    """A picture with a square, ``at`` its middle in shares of the sides."""
    image = flat(ground, size)
    x, y = (round(share * length) for share, length in zip(at, size, strict=True))
    image.paste(spot, (x - side // 2, y - side // 2, x + side // 2, y + side // 2))
    return image
