"""A picture with its explanation over it, for people at a terminal."""

from io import BytesIO

from PIL import Image, ImageDraw

from ..images import Picture, rendering
from .explanation import Explanation, Share

LOWER, HIGHER = (230, 97, 0), (26, 111, 214)
"""Orange where the score is lower without a part, blue where it is higher: colours that people
with any kind of colour vision tell apart. The style sheet of the queue has the same."""

OPACITY = 170
"""Of 255, at full strength: what is below still shows."""


def drawn(picture: Picture, explanation: Explanation) -> bytes:
    """A WebP without metadata: the frame without colours, reduced, and the heat in its colours.

    Raises ``ImageError``.
    """
    pixels = picture.frame(explanation.frame, side=rendering.LONGER * 2 // 3)
    image = rendering.reduced(rendering.shown(pixels, explanation.ground))
    image = rendering.clean(image, greyscale=True)
    for box, strength in explanation.patches():
        left, upper, right, lower = _pixels(box, image)
        opaque = Image.new("L", (right - left, lower - upper), round(abs(strength) * OPACITY))
        image.paste(LOWER if strength > 0 else HIGHER, (left, upper), opaque)
    if explanation.stands_out:
        outline, draw = _pixels(explanation.strongest.box, image), ImageDraw.Draw(image)
        for colour, wide in (("black", 4), ("white", 2)):
            draw.rectangle(outline, outline=colour, width=wide)
    out = BytesIO()
    image.save(out, "WEBP", quality=rendering.QUALITY, method=rendering.METHOD)
    return out.getvalue()


def _pixels(box: Share, image: Image.Image) -> tuple[int, int, int, int]:
    left, upper, right, lower = box
    width, height = image.size
    return round(left * width), round(upper * height), round(right * width), round(lower * height)
