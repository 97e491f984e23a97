"""PIL's decoders, each reached by name: no registry, no plugin that the host has registered."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import BinaryIO, cast

from PIL import Image, ImageFile

from ..exceptions import ImageError, ImageTooLarge, UnreadableImage, UnsupportedFormat

# Only the module that a file needs is imported; PIL.Image.init() would import forty.
_CLASSES = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "MPO": ("PIL.MpoImagePlugin", "MpoImageFile"),
    "HEIF": ("pillow_heif", "HeifImageFile"),  # not registered with PIL: that is the host's choice
}


def construct(format: str, stream: BinaryIO) -> ImageFile.ImageFile:
    """Read the header of ``stream`` with the decoder of ``format``; raises whatever it raises.

    The class is called directly and not through ``PIL.Image.open``, which imports more plugins
    and warns about large pictures in a way that no thread can catch alone.
    """
    module_name, class_name = _CLASSES[format]
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise unsupported(f"The decoder for {format} cannot be imported: {error}.") from error
    if not getattr(module, "SUPPORTED", True):
        raise unsupported(f"This Pillow was built without {format}.")
    return cast("ImageFile.ImageFile", getattr(module, class_name)(stream))


def unsupported(message: str) -> UnsupportedFormat:
    from .sniffing import FORMATS  # at call time: sniffing itself needs this room

    return UnsupportedFormat(message, params={"formats": ", ".join(FORMATS)})


@contextmanager
def decoding(format: str) -> Iterator[None]:
    """Turn whatever a decoder of ``format`` raises inside the block into an ``ImageError``."""
    try:
        yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        claimed = re.search(r"\((\d+) pixels\)", str(error))
        raise too_large(
            "pixels", int(claimed[1]) if claimed else 0, Image.MAX_IMAGE_PIXELS or 0
        ) from error
    except Exception as error:
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise UnreadableImage(
            f"The {format} picture cannot be decoded ({detail}).", params={"format": format}
        ) from error


def too_large(what: str, value: float, limit: int) -> ImageTooLarge:
    return ImageTooLarge(
        f"The picture is over the limit on {what}: {value:,} where {limit:,} are allowed.",
        params={"what": what, "value": value, "limit": limit},
    )
