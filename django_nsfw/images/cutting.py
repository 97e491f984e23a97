"""A frame → the crops that a detector looks at."""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from ..scores import Ground
from . import colour, tiles


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """One rectangle of one frame: ``image`` is RGB, upright, sRGB, and laid on ``ground``.

    ``box``: where it is in the frame as it was decoded (left, upper, right, lower, in pixels).
    """

    frame: int
    tile: int
    ground: Ground
    image: Image.Image
    box: tiles.Box


def cut(frame: int, pixels: colour.Pixels) -> Iterator[Crop]:
    """Each tile on each ground that it has to be looked at on."""
    size = pixels.colour.size
    for tile, box in enumerate(tiles.boxes(*size)):
        part, alpha, stored = pixels.colour, pixels.alpha, pixels.stored
        if box != (0, 0, *size):
            part = part.crop(box)
            alpha, stored = alpha and alpha.crop(box), stored and stored.crop(box)
        if alpha is None or alpha.getextrema() == (255, 255):
            yield Crop(frame=frame, tile=tile, ground=Ground.OPAQUE, image=part, box=box)
        else:
            for ground in (Ground.WHITE, Ground.BLACK):
                image = laid(part, alpha, ground)
                yield Crop(frame=frame, tile=tile, ground=ground, image=image, box=box)
            yield Crop(frame=frame, tile=tile, ground=Ground.RAW, image=part, box=box)
        if stored is not None:
            yield Crop(frame=frame, tile=tile, ground=Ground.RAW, image=stored, box=box)


def laid(image: Image.Image, alpha: Image.Image | None, ground: Ground) -> Image.Image:
    if alpha is None:
        return image
    laid = Image.new("RGB", image.size, ground.value)
    laid.paste(image, mask=alpha)
    return laid
