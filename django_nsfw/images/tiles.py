"""Which rectangles of a frame a detector must look at so that nothing stays unseen."""

import math

Box = tuple[int, int, int, int]

SQUARE_TILES_BEYOND = 2.0
"""Aspect ratio beyond which a frame is cut into square tiles."""

ENDS_BEYOND = 1.8
"""Aspect ratio beyond which the two ends are looked at besides the whole frame.

A detector crops the centre square: at 2:1 it never sees half of the picture. 16:9 (1.78), the
widest an ordinary photograph or video still comes in, stays at one crop.
"""


def tile_count(width: int, height: int) -> int:
    """How many square tiles of the short side cover the long side; 1 up to an aspect of 1."""
    return math.ceil(max(width, height) / min(width, height))


def boxes(width: int, height: int) -> list[Box]:
    """The rectangles (left, upper, right, lower, in pixels) to look at; index is the tile."""
    short, long = sorted((width, height))
    whole = (0, 0, width, height)
    if long <= short * ENDS_BEYOND:
        return [whole]
    if long <= short * SQUARE_TILES_BEYOND:
        return [whole, *(_square(width, height, offset) for offset in (0, long - short))]
    last = tile_count(width, height) - 1
    return [
        _square(width, height, round(index * (long - short) / last)) for index in range(last + 1)
    ]


def _square(width: int, height: int, offset: int) -> Box:
    if width >= height:
        return offset, 0, offset + height, height
    return 0, offset, width, offset + width
