"""Harmless pictures to upload."""

import io
import itertools
import mimetypes
import random
from pathlib import PurePath

from django.core.files.uploadedfile import SimpleUploadedFile

_numbers = itertools.count(1_000_000)


def picture(
    name: str = "picture.jpg", *, size: tuple[int, int] = (96, 64), seed: int | None = None
) -> SimpleUploadedFile:
    """A small one, in the format that its name says; another one at every call, but the same for
    the same ``seed``."""
    from PIL import Image

    from ..images import FORMATS

    suffix = PurePath(name).suffix.lower()
    format = next((format for format, known in FORMATS.items() if suffix in known), None)
    if format is None or format == "HEIF":
        known = ", ".join(sorted(s for f, k in FORMATS.items() if f != "HEIF" for s in k))
        raise ValueError(f"{name!r}: a picture can be one of {known}.")
    colours = random.Random(next(_numbers) if seed is None else seed).randbytes(6 * 4 * 3)  # noqa: S311
    drawn = Image.frombytes("RGB", (6, 4), colours).resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    drawn.save(out, format)
    content_type = mimetypes.guess_type(name)[0] or f"image/{format.lower()}"
    return SimpleUploadedFile(name, out.getvalue(), content_type=content_type)
