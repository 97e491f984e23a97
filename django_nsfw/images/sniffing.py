"""Which format the bytes are in, by their first bytes and an allowlist of our own."""

import mimetypes
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import BinaryIO

from ..exceptions import ExtensionMismatch, NotAPicture
from . import containers, decoders

_ALWAYS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".mpo"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "AVIF": (".avif", ".avifs"),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
}
_HEIF = {"HEIF": (".heic", ".heics", ".heif", ".heifs", ".hif")}

FORMATS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    _ALWAYS | (_HEIF if find_spec("pillow_heif") else {})
)
"""PIL's name of a format → the extensions a file in it may carry, in lower case with the dot.

A multi-picture JPEG (MPO) counts as JPEG: it begins as one, and is served and shown as one.
"""

HEAD_BYTES = 256
"""Bytes that :func:`sniff` wants to see: enough for an ``ftyp`` box with dozens of brands."""

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AV1_BRANDS = frozenset({b"avif", b"avis"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What the first bytes say: PIL's name of the format, and the stored size in pixels."""

    format: str
    width: int
    height: int


def sniff(head: bytes) -> str | None:
    """The format of a file that begins with ``head``, or None when it is not on the allowlist.

    Strict: a picture starts at byte 0. Decoders that skip leading rubbish would make room for a
    file that is one thing to the moderator and another to the browser.
    """
    for magic, format in _MAGIC:
        if head.startswith(magic):
            return format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and len(head) >= 18 and struct.unpack_from("<I", head, 14)[0] <= 124:
        return "BMP"
    if head[4:8] == b"ftyp":
        brand = _isobmff(head)
        return brand if brand in FORMATS else None
    return None


def require_picture(file: BinaryIO) -> None:
    """Raise ``NotAPicture`` unless ``file`` begins like one, whether it can be read here or not.

    Leaves ``file`` at position 0.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if sniff(head) is None and not (head[4:8] == b"ftyp" and _isobmff(head)):
        formats = ", ".join(FORMATS)
        raise NotAPicture(
            f"The file is no picture in a supported format ({formats}).",
            params={"formats": formats},
        )


def promises_picture(name: str) -> bool:
    """Whether a server would hand a file of this name to browsers as a picture of any format."""
    extension = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if any(extension in extensions for extensions in (_ALWAYS | _HEIF).values()):
        return True
    kind, _ = mimetypes.guess_type(f"name{extension}", strict=False)
    return kind is not None and kind.startswith("image/")


def _isobmff(head: bytes) -> str | None:
    """AVIF or HEIF by the brands of the ``ftyp`` box (ISO 14496-12, 4.3), the major one first."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand in _AV1_BRANDS:
            return "AVIF"
        if brand in _HEVC_BRANDS:
            return "HEIF"
    return "HEIF" if {b"mif1", b"msf1"} & set(brands) else None


def probe(file: BinaryIO) -> Header | None:
    """The header of ``file``, or None where it cannot be read; never raises, decodes no pixel.

    No limit applies: it is there to draw a placeholder for a picture that was over one. Leaves
    ``file`` at position 0.
    """
    try:
        file.seek(0)
        head = file.read(HEAD_BYTES)
        file.seek(0)
        format = sniff(head)
        if format is None:
            return None
        size = containers.size_from_head(format, head)
        if size is None:
            size = decoders.construct(format, file).size
        return Header(format=format, width=size[0], height=size[1])
    except Exception:  # noqa: BLE001 — decoders raise anything on a hostile header
        return None
    finally:
        _rewind(file)


def _rewind(file: BinaryIO) -> None:
    try:
        file.seek(0)
    except (OSError, ValueError):
        return


def check_extension(name: str, format: str) -> None:
    """Raise :class:`ExtensionMismatch` unless the extension of ``name`` belongs to ``format``.

    Media servers derive the content type from the extension, so whoever picks it picks how the
    browser reads the bytes. No extension at all is a mismatch too: the server would fall back on
    a default or on guessing, and both are the uploader's choice then.
    """
    extension = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    format = "JPEG" if format == "MPO" else format
    allowed = (_ALWAYS | _HEIF).get(format, ())
    if extension in allowed:
        return
    said = f"The file name ends in “{extension}”" if extension else "The file name has no extension"
    raise ExtensionMismatch(
        f"{said}, but the picture is {format} ({', '.join(allowed)}).",
        params={"extension": extension, "format": format},
    )
