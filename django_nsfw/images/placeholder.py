"""The neutral picture that stands in for a held one."""

import math
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from PIL import Image

from .sniffing import FORMATS

MAX_PIXELS = 50_000_000
"""A placeholder for a picture of more pixels is smaller, in the same proportions: what asks for
one may be a header that claims billions."""

_MAX_SIDE = {"JPEG": 65_500, "GIF": 65_535, "WEBP": 16_383, "AVIF": 32_768, "HEIF": 16_384}
"""Pixels along a side that encoder and decoders of the format can do."""

_GROUND, _MARK = 0xD0, 0x90  # the two greys, of 255

# Small files, little memory and the same bytes on every machine; measured on 48 megapixels.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "JPEG": {"quality": 75},
    "PNG": {"bits": 1},
    "GIF": {"optimize": False, "interlace": 0},
    "WEBP": {"lossless": True, "method": 0, "quality": 0},
    "AVIF": {"quality": 30, "speed": 10, "max_threads": 1},
    "BMP": {},
    "TIFF": {"compression": "tiff_adobe_deflate"},
    # In tiles the encoder holds a few megabytes at a time instead of half a gigabyte.
    "HEIF": {"quality": 30, "enc_params": {"preset": "ultrafast"}, "tile_size": 1024},
}
_TWO_COLOURS = {"PNG", "GIF", "BMP"}  # the others store greys


def draw_placeholder(format: str, width: int, height: int) -> bytes:
    """A flat grey picture of ``width`` × ``height`` pixels with a crossed circle, in ``format``.

    The same arguments give the same bytes. Over ``MAX_PIXELS``, or the longest side the format
    can have, the picture is smaller in the same proportions. Raises ``ValueError`` for a format
    that is not in :data:`~django_nsfw.images.FORMATS` or a size below 1 × 1.
    """
    format = "JPEG" if format == "MPO" else format
    if format not in FORMATS:
        raise ValueError(f"no placeholder in {format!r}; formats: {', '.join(FORMATS)}")
    if width < 1 or height < 1:
        raise ValueError(f"no placeholder of {width} × {height} pixels")
    image = _draw(*_clamp(format, width, height), "P" if format in _TWO_COLOURS else "L")
    out = BytesIO()
    if format == "HEIF":
        from pillow_heif import from_pillow

        from_pillow(image).save(out, **_OPTIONS[format])
    elif format == "BMP":
        _save_bmp(image, out)
    else:
        image.save(out, format, **_OPTIONS[format])
    return out.getvalue()


def _clamp(format: str, width: int, height: int) -> tuple[int, int]:
    scale = min(
        1.0,
        math.sqrt(MAX_PIXELS / (width * height)),
        _MAX_SIDE.get(format, MAX_PIXELS) / max(width, height),
    )
    if scale == 1.0:
        return width, height
    # A line a pixel high stays that, and is cut where scaling alone leaves it too long.
    side = _MAX_SIDE.get(format, MAX_PIXELS)
    width, height = max(1, int(width * scale)), max(1, int(height * scale))
    return min(width, side, MAX_PIXELS // height), min(height, side)


def _draw(width: int, height: int, mode: str) -> Image.Image:
    """The picture in mode L, or in mode P with the two greys as colours 0 and 1."""
    from PIL import ImageDraw  # here, because few processes ever draw

    ground, mark = (0, 1) if mode == "P" else (_GROUND, _MARK)
    image = Image.new(mode, (width, height), ground)
    if mode == "P":
        image.putpalette([_GROUND] * 3 + [_MARK] * 3)
    radius = min(width, height) // 8
    if radius < 2:
        return image
    x, y = width // 2, height // 2
    line = max(1, radius // 6)
    reach = round(radius * math.sqrt(0.5))
    draw = ImageDraw.Draw(image)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=mark, width=line)
    draw.line((x - reach, y + reach, x + reach, y - reach), fill=mark, width=line)
    return image


def _save_bmp(image: Image.Image, out: BytesIO) -> None:
    """One bit per pixel, which PIL writes in black and white only: the palette is replaced.

    The palette of such a file is the eight bytes before the pixels: blue, green, red, zero.
    """
    image.point([0, 255] + [0] * 254, "1").save(out, "BMP")
    out.seek(10)
    pixels_at = int.from_bytes(out.read(4), "little")
    out.seek(pixels_at - 8)
    out.write(bytes([_GROUND] * 3 + [0] + [_MARK] * 3 + [0]))
