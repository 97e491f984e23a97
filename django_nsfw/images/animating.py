"""An animation as a moderator sees it move: few frames, small, each encoded anew.

Like a still rendition it has nothing of the uploaded file but what can be seen.
"""

import math
import random
import time
from io import BytesIO

from PIL import Image

from ..exceptions import UnreadableImage
from ..scores import Ground
from . import rendering
from .decoders import too_large
from .frames import choose_frames
from .picture import Picture

FORMATS = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
"""Those whose frames follow each other in time. Pages of a TIFF and pictures of a JPEG do not."""

MOST_FRAMES = 48

MOST_PIXELS = 16_000_000
"""Width times height times frames of what is sent."""

SHORTEST, LONGEST = 20, 1000
"""Milliseconds that a frame is shown."""

UNSAID = 100
"""Milliseconds that browsers show a frame whose file says 0 or nothing."""


def moves(picture: Picture) -> bool:
    return picture.format in FORMATS and picture.frames > 1


def animated(
    picture: Picture,
    *,
    greyscale: bool,
    seconds: float,
    frame: int = 0,
    ground: Ground = Ground.OPAQUE,
    rng: random.Random | None = None,
) -> bytes:
    """A WebP that plays for ever: at most ``MOST_FRAMES``, the first, the last and ``frame``
    among them. A frame stays for as long as those that were left out after it, too.

    The encoder makes one of neighbours that look the same. All are laid on ``ground``. ``rng``
    picks those in between. Raises ``ImageError``, also where the frames are not of one size, or
    decoding them takes more than ``seconds``.
    """
    if not 0 <= frame < picture.frames:
        raise UnreadableImage(f"There is no frame {frame} among {picture.frames}.")
    chosen = choose_frames(
        picture.frames, MOST_FRAMES, rng or random.SystemRandom(), always=[frame]
    )
    most = MOST_PIXELS // len(chosen)
    until = time.monotonic() + seconds
    drawn: list[Image.Image] = []
    durations: list[float] = []
    size: tuple[int, int] | None = None
    for duration, pixels in picture.played(frozenset(chosen)):
        if time.monotonic() > until:
            raise too_large("seconds to decode", math.ceil(seconds), math.floor(seconds))
        if pixels is not None:
            if pixels.colour.size != (size or pixels.colour.size):
                raise UnreadableImage("The frames are not of one size.")
            size = pixels.colour.size
            shown = rendering.reduced(rendering.shown(pixels, ground), most)
            drawn.append(rendering.clean(shown, greyscale))
            durations.append(0)
        durations[-1] += duration or UNSAID
    return _encoded(drawn, [round(min(max(d, SHORTEST), LONGEST)) for d in durations])


def _encoded(frames: list[Image.Image], durations: list[int]) -> bytes:
    out = BytesIO()
    first, *others = frames
    first.save(
        out,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=durations,
        loop=0,
        quality=rendering.QUALITY,
        method=rendering.METHOD,
    )
    return out.getvalue()
