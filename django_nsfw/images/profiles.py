"""ICC profiles: colours brought to sRGB as a viewer would show them. littleCMS does the work."""

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from PIL import ImageCms

MAX_PROFILE_BYTES = 4 * 1024 * 1024
"""Larger ones are dropped. Press profiles, the largest in use, have half a megabyte to three."""

_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
_STEPS = 33  # per channel of the grid that is tried; press profiles tabulate 9 to 33
_SAME = 2  # levels of 255 by which an sRGB profile may differ from littleCMS's own


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """``image`` (L, RGB, CMYK or LAB) as sRGB, mode RGB; as it is where the profile does not fit.

    A profile that cannot be read, is for other channels, or makes littleCMS fail is dropped: a
    viewer does the same.
    """
    if len(profile) > MAX_PROFILE_BYTES:
        return image
    try:
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if _SPACES.get(source.profile.xcolor_space) != image.mode:
            return image
        transform = ImageCms.buildTransform(source, _srgb(), image.mode, "RGB")
        if image.mode == "RGB" and _changes_nothing(transform):
            return image
        return ImageCms.applyTransform(image, transform) or image
    except Exception:  # noqa: BLE001 — a hostile profile raises anything
        return image


def lab_to_srgb(image: Image.Image) -> Image.Image:
    """``image`` in mode LAB (D50) as sRGB, mode RGB."""
    from PIL import ImageCms

    lab = ImageCms.createProfile("LAB")
    result = ImageCms.profileToProfile(image, lab, _srgb(), outputMode="RGB")
    if result is None:  # only with inPlace
        raise ValueError("littleCMS returned no picture")
    return result


@cache
def _srgb() -> Any:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _changes_nothing(transform: "ImageCms.ImageCmsTransform") -> bool:
    """Whether the profile is an sRGB one. Tried on a grid of colours, as its name can lie."""
    from PIL import ImageChops, ImageCms

    grid = _grid()
    result = ImageCms.applyTransform(grid, transform)
    if result is None:
        return False
    extrema = ImageChops.difference(grid, result).getextrema()
    return max(high for _, high in extrema) <= _SAME  # type: ignore[misc]


@cache
def _grid() -> Image.Image:
    levels = [round(step * 255 / (_STEPS - 1)) for step in range(_STEPS)]
    data = bytes(value for r in levels for g in levels for b in levels for value in (r, g, b))
    return Image.frombytes("RGB", (_STEPS * _STEPS, _STEPS), data)
