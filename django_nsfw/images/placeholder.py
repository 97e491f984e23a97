"""The neutral picture that stands in for a held one."""

import math
from io import BytesIO

from PIL import Image, ImageDraw

MAX_PIXELS = 50_000_000
"""A placeholder for more pixels than this is drawn smaller, in the same proportions."""

_GROUND, _MARK = 0xD0, 0x90


def draw_placeholder(format: str, width: int, height: int) -> bytes:
    """A flat grey picture of ``width`` × ``height`` pixels with a crossed circle, in ``format``.

    The same arguments give the same bytes. Raises ``ValueError`` for a format that is not in
    :data:`~django_nsfw.images.FORMATS` or a size below 1 × 1.
    """
    from .sniffing import FORMATS

    format = "JPEG" if format == "MPO" else format
    if format not in FORMATS:
        raise ValueError(f"no placeholder in {format!r}; formats: {', '.join(FORMATS)}")
    if width < 1 or height < 1:
        raise ValueError(f"no placeholder of {width} × {height} pixels")
    if width * height > MAX_PIXELS:
        scale = math.sqrt(MAX_PIXELS / (width * height))
        width, height = max(1, int(width * scale)), max(1, int(height * scale))
    image = _draw(width, height)
    out = BytesIO()
    if format == "HEIF":
        from pillow_heif import from_pillow

        from_pillow(image).save(out, quality=50)
    else:
        image.save(out, format)
    return out.getvalue()


def _draw(width: int, height: int) -> Image.Image:
    image = Image.new("L", (width, height), _GROUND)
    radius = min(width, height) // 8
    if radius < 2:
        return image
    x, y = width // 2, height // 2
    draw = ImageDraw.Draw(image)
    line = max(1, radius // 6)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_MARK, width=line)
    reach = round(radius * math.sqrt(0.5))
    draw.line((x - reach, y + reach, x + reach, y - reach), fill=_MARK, width=line)
    return image
