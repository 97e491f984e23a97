"""From any mode a decoder returns to sRGB colours and, where there is one, an alpha channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops, ImageStat

from . import profiles

SCREEN_GAMMA = 2.2
"""Exponent of a usual screen, and of sRGB as nearly as a gamma can say it (PNG, gAMA)."""

_GAMMA_THRESHOLD = 0.05  # a correction closer to 1 than this is none, as in libpng
_ANOTHER_PICTURE = 24  # mean levels of 255; wide-gamut profiles of cameras change about five


@dataclass(frozen=True, slots=True)
class Pixels:
    """``colour``: mode RGB, sRGB, as stored under any transparency. ``alpha``: mode L or None.

    ``stored``: the colours without profile and gamma, mode RGB, where these make another picture
    of them. Browsers apply both and most thumbnailers neither, so people would see two pictures.
    """

    colour: Image.Image
    alpha: Image.Image | None
    stored: Image.Image | None = None


def to_pixels(image: Image.Image, *, white_level: int = 65535) -> Pixels:
    """The colours and the alpha of a loaded ``image`` of any mode.

    ``white_level`` is the value of white in an ``I;16`` mode. Raises ``ValueError`` for a mode
    that PIL cannot convert.
    """
    info = image.info
    image = _with_transparency(_to_8_bit(image, white_level))
    alpha = None
    if image.mode in ("RGBA", "LA"):
        alpha = image.getchannel("A")
        if alpha.getextrema() == (255, 255):
            alpha = None
        image = _without_alpha(image)
    corrected = _corrected(image, info)
    stored = None
    if corrected is not image and image.mode in ("L", "RGB"):
        stored = image.convert("RGB")
    image = profiles.lab_to_srgb(corrected) if corrected.mode == "LAB" else corrected
    if image.mode != "RGB":
        image = image.convert("RGB")
    if stored is not None and not _is_another_picture(stored, image):
        stored = None
    return Pixels(image, alpha, stored)


def _corrected(image: Image.Image, info: Mapping[str | tuple[int, int], Any]) -> Image.Image:
    """``image`` in sRGB by its profile or, in a PNG with neither profile nor sRGB, its gamma."""
    profile, gamma = info.get("icc_profile"), info.get("gamma")
    if isinstance(profile, bytes) and profile:
        return profiles.to_srgb(image, profile)
    if "srgb" in info or not isinstance(gamma, float) or gamma <= 0:
        return image
    exponent = 1 / (gamma * SCREEN_GAMMA)
    if abs(exponent - 1) < _GAMMA_THRESHOLD or image.mode not in ("L", "RGB"):
        return image
    table = [round(255 * (value / 255) ** exponent) for value in range(256)]
    return image.point(table * len(image.getbands()))


def _is_another_picture(stored: Image.Image, shown: Image.Image) -> bool:
    small = [image.reduce(max(1, min(image.size) // 128)) for image in (stored, shown)]
    return max(ImageStat.Stat(ImageChops.difference(*small)).mean) > _ANOTHER_PICTURE


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
