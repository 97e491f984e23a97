"""The PDQ perceptual hash of a picture, where the extra ``[pdq]`` is installed.

PDQ is described in Facebook's ThreatExchange, *The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm* (``hashing/hashing.pdf`` of that repository); so are its constants here.
"""

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from .scores import Perceptual

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 512
"""Pixels that either side is brought down to before hashing, as ThreatExchange's own program
does. The hash looks at 64 × 64 cells, so the aspect ratio does not matter to it."""


@cache
def available() -> bool:
    """Whether ``pdqhash`` is installed. Imports nothing."""
    return find_spec("pdqhash") is not None


def perceive(image: "Image", *, rotations: bool = False) -> Perceptual:
    """The hash of an upright RGB ``image``; with ``rotations`` those of its turns and mirrors too.

    Each of the eight is the hash of a picture that was really turned. ``compute_dihedral`` of
    ``pdqhash`` is faster, but estimates: on photographs it is 10 to 50 bits away from that.
    """
    import numpy as np
    import pdqhash
    from PIL import Image

    small = image.resize(
        (min(image.width, SIDE), min(image.height, SIDE)), Image.Resampling.BILINEAR
    )

    def hashed(picture: "Image.Image") -> tuple[str, int]:
        bits, quality = pdqhash.compute(np.asarray(picture))
        return np.packbits(bits.astype(np.uint8)).tobytes().hex(), int(quality)

    pdq, quality = hashed(small)
    turned = [hashed(small.transpose(turn))[0] for turn in Image.Transpose] if rotations else []
    return Perceptual(pdq=pdq, quality=quality, rotations=tuple(turned))
