"""A frame as a moderator sees it: small, encoded anew, and blurred beyond recognition or not.

Nothing of the uploaded file is in the result but what can be seen: pixels are painted on a picture
of our own, so that neither metadata nor profiles nor bytes behind the end come along.
"""

import math
from io import BytesIO

from PIL import Image, ImageFilter

from ..scores import Ground
from .colour import Pixels
from .picture import Picture

CELLS = {1: 14, 2: 9, 3: 6}
"""Strength of the blur → patches of colour that are left along the longer side. What a blur alone
only smears can be sharpened again; what was averaged away cannot."""

BLURRED_SIDE = 320
"""Pixels along the longer side of a blurred rendition."""

LONGER, SHORTER = 1280, 640
"""Pixels along the sides of a revealed one. A strip may be longer: ``SHORTER`` holds for it."""

LONGEST = 16_383
"""Pixels along a side of a WebP."""

SQUARE = 12
"""Pixels along a square of the checkerboard behind what is transparent."""

QUALITY = 80
METHOD = 2  # of 0 to 6: a third of the time of the usual 4, for files a tenth larger


def blurred(
    picture: Picture,
    *,
    strength: int,
    greyscale: bool,
    frame: int = 0,
    ground: Ground = Ground.OPAQUE,
) -> bytes:
    """A WebP that has outlines at most, and no detail. ``strength``: a key of ``CELLS``.

    ``frame`` is laid on ``ground`` as for a detector: ``RAW`` shows the colours under what is
    transparent, ``OPAQUE`` a checkerboard. Raises ``ImageError``.
    """
    image = shown(picture.frame(frame, side=BLURRED_SIDE // 2), ground)
    width, height = image.size
    longer = max(width, height)
    side = min(longer, BLURRED_SIDE)
    few = _scaled(image, CELLS[strength] / longer, Image.Resampling.BOX)
    smooth = few.resize(
        (max(1, round(width * side / longer)), max(1, round(height * side / longer))),
        Image.Resampling.BICUBIC,
    ).filter(ImageFilter.GaussianBlur(side / CELLS[strength] / 2))
    return _encoded(smooth, greyscale)


def bounded(
    picture: Picture, *, greyscale: bool, frame: int = 0, ground: Ground = Ground.OPAQUE
) -> bytes:
    """A WebP to look at, reduced to ``LONGER`` or, of a strip, ``SHORTER``; else as ``blurred``."""
    image = shown(picture.frame(frame, side=LONGER * 2 // 3), ground)
    return _encoded(reduced(image), greyscale)


def reduced(image: Image.Image, pixels: float = math.inf) -> Image.Image:
    """To the size of what is revealed, and to no more than about so many ``pixels``."""
    shorter, longer = sorted(image.size)
    few = math.sqrt(pixels / (shorter * longer))
    scale = min(max(LONGER / longer, SHORTER / shorter), LONGEST / longer, few, 1)
    return _scaled(image, scale, Image.Resampling.BICUBIC)


def _scaled(image: Image.Image, scale: float, filter: Image.Resampling) -> Image.Image:
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, filter, reducing_gap=2)


def shown(pixels: Pixels, ground: Ground) -> Image.Image:
    """Laid on ``ground``, mode RGB."""
    if ground is Ground.RAW:
        return pixels.colour if pixels.stored is None else pixels.stored
    if pixels.alpha is None:
        return pixels.colour
    size, checked = pixels.colour.size, ground is Ground.OPAQUE
    laid = _checkerboard(size) if checked else Image.new("RGB", size, ground.value)
    laid.paste(pixels.colour, mask=pixels.alpha)
    return laid


def _checkerboard(size: tuple[int, int]) -> Image.Image:
    few = Image.new("L", (2, 2), 0xF0)
    few.putpixel((0, 0), 0xC8)
    few.putpixel((1, 1), 0xC8)
    square = max(SQUARE, max(size) * SQUARE // LONGER)
    tile = few.resize((2 * square, 2 * square), Image.Resampling.NEAREST).convert("RGB")
    board = Image.new("RGB", size)
    for left in range(0, size[0], tile.width):
        board.paste(tile, (left, 0))
    row = board.crop((0, 0, size[0], tile.height))
    for upper in range(tile.height, size[1], tile.height):
        board.paste(row, (0, upper))
    return board


def clean(image: Image.Image, greyscale: bool) -> Image.Image:
    """The pixels alone, on a picture of our own."""
    clean = Image.new("RGB", image.size)
    clean.paste(image.convert("L").convert("RGB") if greyscale else image)
    return clean


def _encoded(image: Image.Image, greyscale: bool) -> bytes:
    out = BytesIO()
    clean(image, greyscale).save(out, "WEBP", quality=QUALITY, method=METHOD)
    return out.getvalue()
