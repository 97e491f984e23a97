"""What can be learnt from the structure of a file without a decoder: sizes, frames, scans.

Each function walks a container once, in time linear in its bytes, and trusts no count that the
file claims. A structure that does not add up is a ``ValueError``; so is one that is made to keep
a decoder busy, as the decoders walk their chunks in Python.
"""

import re
import struct

MAX_ELEMENTS = 250_000
"""Chunks, segments or sub-blocks of one file. GIF has the most: one for 255 bytes."""

_APNG_MAX = 0x80000000  # more frames than this make the animation invalid (APNG, acTL)
_MAX_JUNK = 65_536  # bytes between the segments of a JPEG header; decoders skip them one by one


def size_from_head(format: str, head: bytes) -> tuple[int, int] | None:
    """Width and height in pixels for formats that hold them at a fixed place, else None.

    Opening a WebP or a GIF with a decoder allocates its canvas; this comes before that.
    """
    if format == "PNG" and head[12:16] == b"IHDR" and len(head) >= 24:
        return struct.unpack_from(">II", head, 16)
    if format == "GIF" and len(head) >= 10:
        return struct.unpack_from("<HH", head, 6)
    if format == "WEBP":
        return _webp_size(head)
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """RFC 9649, sections 2.5 to 2.7."""
    chunk = head[12:16]
    if chunk == b"VP8X" and len(head) >= 30:
        return (
            int.from_bytes(head[24:27], "little") + 1,
            int.from_bytes(head[27:30], "little") + 1,
        )
    if chunk == b"VP8L" and len(head) >= 25 and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and len(head) >= 30 and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def gif_frames(data: bytes) -> tuple[int, int, int]:
    """Frames of a GIF, and the width and height that hold its screen and all of its frames.

    A frame may lie outside the logical screen; the decoder then enlarges its canvas.
    """
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + _gif_palette(flags)
    frames = elements = 0
    while at < len(data):
        block = data[at]
        at += 1
        if block == 0x3B:  # trailer
            break
        if block == 0x21:  # extension: a label, then sub-blocks
            if data[at : at + 2] in (b"\xf9\0", b"\xff\0", b"\x01\0"):
                # Decoders disagree on where an empty one ends, so they see different frames.
                raise ValueError("an extension block of the GIF is empty")
            at, blocks = _gif_skip(data, at + 1)
            elements += blocks
        elif block == 0x2C:  # image descriptor
            left, top, w, h, flags = struct.unpack_from("<HHHHB", data, at)
            width, height = max(width, left + w), max(height, top + h)
            frames += 1
            at, blocks = _gif_skip(data, at + 9 + _gif_palette(flags) + 1)
            elements += blocks
        if elements > MAX_ELEMENTS:
            raise ValueError(f"the GIF has more than {MAX_ELEMENTS} blocks")
    return frames, width, height


def _gif_palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_skip(data: bytes, at: int) -> tuple[int, int]:
    """The position after a chain of sub-blocks, or after the file; and their number."""
    end = len(data)
    blocks = 1
    while at < end and (length := data[at]):
        at += 1 + length
        blocks += 1
    return at + 1, blocks


def png_frames(data: bytes) -> int:
    """Frames of a PNG as they are in the file; 1 when it is no APNG. ``acTL`` is only a claim.

    Where the image data come before the first frame, that default image is a frame too.
    """
    at = 8
    animated = default_image = profile = image_data = False
    controls = chunks = 0
    while at + 8 <= len(data):
        chunks += 1
        if chunks > MAX_ELEMENTS:
            raise ValueError(f"the PNG has more than {MAX_ELEMENTS} chunks")
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"iCCP":
            if profile:  # each is inflated, to a thousand times its size
                raise ValueError("the PNG has more than one colour profile")
            profile = True
        elif kind == b"acTL" and not image_data:
            claimed = struct.unpack_from(">I", data, at + 8)[0] if length >= 8 else 0
            if animated or not 0 < claimed <= _APNG_MAX:
                raise ValueError("the animation header of the PNG is invalid")
            animated = True
        elif kind == b"fcTL":
            controls += 1
        elif kind == b"IDAT":
            image_data = True
            default_image = default_image or not controls
        elif kind == b"IEND":
            break
        at += 12 + length
    else:
        if animated:
            raise ValueError("the animated PNG is truncated")
    return max(controls + default_image, 1) if animated else 1


def tiff_pages(data: bytes) -> int:
    """Pages of a TIFF: directories in its main chain, each counted once.

    Directories that overlap are refused: a few kilobytes could hold thousands of pages with
    thousands of tags each.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    count_format, entry, next_format = (
        (order + "Q", 20, order + "Q") if big else (order + "H", 12, order + "I")
    )
    count_size, next_size = struct.calcsize(count_format), struct.calcsize(next_format)
    (at,) = struct.unpack_from(next_format, data, 8 if big else 4)
    seen: set[int] = set()
    used = 0
    while at and at not in seen:
        if at + count_size > len(data):
            raise ValueError("a directory of the TIFF lies outside the file")
        seen.add(at)
        (count,) = struct.unpack_from(count_format, data, at)
        length = count_size + count * entry + next_size
        used += length
        if at + length > len(data) + next_size or used > len(data) + next_size:
            raise ValueError("the directories of the TIFF overlap or lie outside the file")
        end = at + length - next_size
        at = struct.unpack_from(next_format, data, end)[0] if end + next_size <= len(data) else 0
    return len(seen)


_JPEG_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")  # neither stuffing nor restart


def jpeg_scans(data: bytes, limit: int) -> int:
    """Scans of the first picture of a JPEG, up to ``limit`` + 1; counting stops there.

    Each one may visit all pixels, so a small file can keep a decoder busy for minutes.
    """
    # In the coded data these two bytes are always a marker; elsewhere they only count too many.
    only_header = data.count(b"\xff\xda") <= limit
    scans = junk = segments = 0
    at = 2
    while scans <= limit and (match := _JPEG_MARKER.search(data, at)):
        junk += 0 if scans else match.end() - 2 - at
        segments += 1
        if junk > _MAX_JUNK or segments > MAX_ELEMENTS:
            raise ValueError("the header of the JPEG is mostly rubbish")
        marker = data[match.end() - 1]
        at = match.end()
        if marker == 0xD9:  # end of image
            break
        if marker == 0xDA:
            scans += 1
            if only_header:
                break
        if marker not in (0x01, 0xD8):  # these two stand alone
            at += int.from_bytes(data[at : at + 2], "big")
    return scans
