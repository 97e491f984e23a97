"""Files for the tests: drawn pictures, and containers put together byte by byte."""

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw

from django_nsfw.images import FORMATS, Crop, open_picture
from django_nsfw.limits import Limits


def scene(size: tuple[int, int] = (96, 72), mode: str = "RGB", seed: int = 1) -> Image.Image:
    """A smooth, asymmetric picture: every corner has another colour."""
    rng = random.Random(seed)
    small = Image.new("RGB", (3, 3))
    small.putdata([tuple(rng.randrange(256) for _ in range(3)) for _ in range(9)])
    image = small.resize(size, Image.Resampling.BICUBIC)
    ImageDraw.Draw(image).ellipse((2, 2, size[0] // 3, size[1] // 2), fill=(250, 20, 20))
    return image.convert(mode)


def flat(colour: Any, size: tuple[int, int] = (64, 64), mode: str = "RGB") -> Image.Image:
    return Image.new(mode, size, colour)


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    if format == "HEIF":
        import pillow_heif

        heif = pillow_heif.from_pillow(image)
        for other in options.pop("append_images", ()):
            heif.add_from_pillow(other)
        options.pop("save_all", None)
        heif.save(out, **options)
    else:
        # Copies, because saving leaves the settings of the encoder on an image.
        if "append_images" in options:
            options["append_images"] = [other.copy() for other in options["append_images"]]
        image.copy().save(out, format, **options)
    return out.getvalue()


def crops_of(
    data: bytes, *, input_side: int = 384, limits: Limits | None = None, seed: int = 0
) -> list[Crop]:
    picture = open_picture(io.BytesIO(data), limits or Limits())
    return list(picture.crops(input_side=input_side, rng=random.Random(seed)))


def every_format(size: tuple[int, int] = (96, 72)) -> dict[str, bytes]:
    return {format: encode(scene(size), format) for format in FORMATS}


def png(*chunks: tuple[bytes, bytes], end: bool = True) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in [*chunks, *([(b"IEND", b"")] if end else [])]:
        parts += [struct.pack(">I", len(body)), kind, body]
        parts.append(struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(parts)


def ihdr(width: int, height: int, depth: int = 8, colour: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG without IEND."""
    at, chunks = 8, []
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind != b"IEND":
            chunks.append((kind, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def gif(width: int, height: int, frames: int, *, trailer: bool = True) -> bytes:
    """A GIF of one-pixel frames."""
    header = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return header + frame * frames + b";" * trailer


def tiff(*pages: Image.Image, **options: Any) -> bytes:
    return encode(pages[0], "TIFF", save_all=True, append_images=list(pages[1:]), **options)


def close_to(image: Image.Image, colour: tuple[int, int, int], by: int = 3) -> bool:
    """Whether the middle of ``image`` has ``colour``, give or take ``by`` levels."""
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))
