"""Pictures for programs that run without pytest."""

import io

import numpy as np
from PIL import Image


def noise(width, height, *, seed) -> bytes:
    """A PNG that does not compress: three bytes a pixel."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
