"""From any mode a decoder returns to sRGB colours and, where there is one, an alpha channel."""

from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops

from . import profiles


@dataclass(frozen=True, slots=True)
class Pixels:
    """``colour``: mode RGB, sRGB, as stored under any transparency. ``alpha``: mode L or None."""

    colour: Image.Image
    alpha: Image.Image | None


def to_pixels(image: Image.Image, *, white_level: int = 65535) -> Pixels:
    """The colours and the alpha of a loaded ``image`` of any mode.

    ``white_level`` is the value of white in an ``I;16`` mode. Raises ``ValueError`` for a mode
    that PIL cannot convert.
    """
    profile = image.info.get("icc_profile")
    image = _with_transparency(_to_8_bit(image, white_level))
    alpha = None
    if image.mode in ("RGBA", "LA"):
        alpha = image.getchannel("A")
        if alpha.getextrema() == (255, 255):
            alpha = None
        image = _without_alpha(image)
    if isinstance(profile, bytes) and profile:
        image = profiles.to_srgb(image, profile)
    if image.mode == "LAB":
        image = profiles.lab_to_srgb(image)
    if image.mode != "RGB":
        image = image.convert("RGB")
    return Pixels(image, alpha)


def _without_alpha(image: Image.Image) -> Image.Image:
    """The stored colours: PIL drops the channel and leaves the others as they are."""
    return image.convert("RGB" if image.mode == "RGBA" else "L")


def _with_transparency(image: Image.Image) -> Image.Image:
    """Palettes resolved and every kind of transparency made an alpha channel."""
    key: Any = image.info.get("transparency")
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in ("PA", "RGBa"):
        return image.convert("RGBA")
    if image.mode == "La":
        return image.convert("LA")
    if key is None or image.mode not in ("1", "L", "RGB"):
        return image
    if image.mode == "1":
        image = image.convert("L")
    keys = key if isinstance(key, tuple) else (key,)
    bands = image.split()
    if len(keys) != len(bands) or not all(isinstance(value, int) for value in keys):
        return image
    if max(keys) > 255:  # a key for 16-bit samples; the decoder has kept the upper bytes
        keys = tuple(value >> 8 for value in keys)
    return _keyed(image, bands, keys)


def _keyed(
    image: Image.Image, bands: tuple[Image.Image, ...], keys: tuple[int, ...]
) -> Image.Image:
    """``image`` with an alpha channel that is 0 where every band has the value of its key."""
    alpha: Image.Image | None = None
    for band, key in zip(bands, keys, strict=True):
        differs = band.point([255 * (value != key) for value in range(256)])
        alpha = differs if alpha is None else ImageChops.lighter(alpha, differs)
    result = image.copy()
    if alpha is not None:
        result.putalpha(alpha)
    return result


def _to_8_bit(image: Image.Image, white_level: int) -> Image.Image:
    """Samples of more than 8 bits scaled to 0..255; PIL's own conversion would clip some."""
    if image.mode.startswith("I;16"):
        wide = image.convert("I")
        result = wide.point(lambda value: value * (255 / white_level) + 0.5).convert("L")
        key = image.info.get("transparency")
        result.info.pop("transparency", None)
        if isinstance(key, int):
            result.putalpha(_alpha_of_key(image, key))
        return result
    if image.mode in ("I", "F"):
        return _stretched(image)
    return image


def _alpha_of_key(image: Image.Image, key: int) -> Image.Image:
    import numpy as np

    return Image.fromarray(np.where(np.asarray(image) == key, 0, 255).astype("uint8"))


def _stretched(image: Image.Image) -> Image.Image:
    """``I`` and ``F`` samples have no agreed range: what there is fills 0..255.

    The range leaves out the outer 0.5 % on both sides, as one stray pixel would otherwise make
    everything else black.
    """
    import numpy as np

    values = np.nan_to_num(np.asarray(image, dtype="float64"))
    low, high = np.percentile(values, (0.5, 99.5))
    if low == high:
        low, high = values.min(), values.max()
    scale = 255 / (high - low) if high > low else 0.0
    return Image.fromarray(np.clip((values - low) * scale + 0.5, 0, 255).astype("uint8"))
