"""Opening a file within limits, and cutting its frames into the crops a detector looks at."""

import math
import os
import random
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile

from ..exceptions import UnreadableImage
from ..limits import Limits
from ..scores import Ground
from . import colour, containers, decoders, tiles
from .cutting import Crop, cut, laid
from .decoders import decoding, too_large
from .frames import choose_frames
from .sniffing import FORMATS, HEAD_BYTES, sniff

DRAFT_FACTOR = 1.5
"""A JPEG is decoded to no less than this times the input side of the detector."""

MAX_SCANS = 100
"""Scans of a JPEG. Encoders write about ten; each costs a pass over all pixels."""

MIN_FRAME_COST = {"GIF": 4096, "PNG": 4096, "WEBP": 4096, "AVIF": 4096, "TIFF": 65536}
"""Pixels a frame counts for at least towards ``max_total_pixels``: what reaching it costs."""

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(file: BinaryIO, limits: Limits) -> "Picture":
    """Read ``file`` from position 0 and check its header against ``limits``; decode no pixel.

    ``file`` is left at position 0 and not needed any more. Raises
    :class:`~django_nsfw.exceptions.UnsupportedFormat`,
    :class:`~django_nsfw.exceptions.ImageTooLarge` or
    :class:`~django_nsfw.exceptions.UnreadableImage`.
    """
    data = _read(file, limits)
    format = sniff(data[:HEAD_BYTES])
    if format is None:
        raise decoders.unsupported(
            f"The file is no picture in a supported format ({', '.join(FORMATS)})."
        )
    with decoding(format):
        size = containers.size_from_head(format, data[:HEAD_BYTES])
        if size is not None:
            check_size(size, limits)
        return Picture(data, format, limits)


def _read(file: BinaryIO, limits: Limits) -> bytes:
    file.seek(0, os.SEEK_END)
    size = file.tell()
    file.seek(0)
    if size > limits.max_bytes:
        raise too_large("bytes", size, limits.max_bytes)
    try:
        return file.read(limits.max_bytes)
    finally:
        file.seek(0)


def check_size(size: tuple[int, int], limits: Limits) -> None:
    """Raise ``ImageTooLarge`` when one frame of ``size`` (width, height) is over a limit."""
    width, height = size
    if width <= 0 or height <= 0:
        raise UnreadableImage(f"The picture has no pixels ({width} × {height}).")
    # PIL would warn, once per process, beyond its own limit; here that is an error each time.
    max_pixels = min(limits.max_pixels, Image.MAX_IMAGE_PIXELS or limits.max_pixels)
    if width * height > max_pixels:
        raise too_large("pixels", width * height, max_pixels)
    if max(size) > limits.max_side:
        raise too_large("side length", max(size), limits.max_side)
    if tiles.tile_count(width, height) > max(limits.max_tiles, 2):
        raise too_large("aspect ratio", tiles.tile_count(width, height), limits.max_tiles)


class Picture:
    """A file whose header is within the limits. ``width`` and ``height`` are pixels as stored.

    ``format`` is a key of :data:`~django_nsfw.images.FORMATS`; ``frames`` counts what is in the
    file, whatever its header claims.
    """

    def __init__(self, data: bytes, format: str, limits: Limits) -> None:
        """Use :func:`open_picture`."""
        self._data = data
        self._limits = limits
        self._offsets = [0]
        self.format = format
        self.frames = self._walk()
        image = self._construct()
        self.width, self.height = image.size
        check_size(image.size, limits)
        if format == "JPEG":
            self._offsets = _jpeg_pictures(image, data)
            self.frames = len(self._offsets)
        elif not self.frames:
            self.frames = int(getattr(image, "n_frames", 1))
        # HEIF may declare another picture than the first to be the one that viewers show.
        self._primary = getattr(getattr(image, "_heif_file", None), "primary_index", 0)
        cost = max(self.width * self.height, MIN_FRAME_COST.get(format, 0)) * self.frames
        if self.frames > 1 and cost > limits.max_total_pixels:
            raise too_large("pixels in all frames", cost, limits.max_total_pixels)

    def _walk(self) -> int:
        """The number of frames where the structure of the file tells, else 0.

        Comes before the decoder sees the header: some allocate or compute on what it claims.
        """
        if self.format == "GIF":
            frames, *canvas = containers.gif_frames(self._data)
            check_size((canvas[0], canvas[1]), self._limits)
            return max(frames, 1)
        if self.format == "PNG":
            return containers.png_frames(self._data)
        if self.format == "TIFF":
            return containers.tiff_pages(self._data)
        if self.format == "JPEG":
            _check_scans(self._data)
        return 0

    def _construct(self, index: int = 0) -> ImageFile.ImageFile:
        """A decoder that has read the header; of the picture ``index`` where the file is a JPEG."""
        data = self._data
        if offset := self._offsets[index]:
            data = data[offset:]
            _check_scans(data)
        image = decoders.construct(self.format, BytesIO(data))
        if self.format == "PNG":
            # The decoder believes what the file claims, and lets go of it after the last frame.
            vars(image).update(n_frames=self.frames, is_animated=self.frames > 1)
        return image

    def frame(self, index: int, *, side: int) -> colour.Pixels:
        """Frame ``index`` alone, upright and whole.

        A JPEG may come reduced, to no less than ``DRAFT_FACTOR`` times ``side`` pixels along its
        shorter side. Raises ``ImageError`` where the frame cannot be decoded, or is not there.
        """
        with decoding(self.format):
            if not 0 <= index < self.frames:
                raise UnreadableImage(f"There is no frame {index} among {self.frames}.")
            if self.format == "JPEG":
                return self._jpeg(index, side)
            image = self._construct()
            if self.frames > 1:
                self._seek(image, index)
            return self._pixels(image)

    def played(self, wanted: Collection[int]) -> Iterator[tuple[float, colour.Pixels | None]]:
        """Every frame in turn: milliseconds, 0 where the file does not say; pixels if ``wanted``.

        Raises ``ImageError`` where a frame cannot be decoded.
        """
        with decoding(self.format):
            image = self._construct()
        for index in range(self.frames):
            with decoding(self.format):
                self._seek(image, index)
                image.load()
                duration = max(float(image.info.get("duration") or 0), 0)
                pixels = self._pixels(image) if index in wanted else None
            yield duration, pixels

    def crops(
        self,
        *,
        input_side: int,
        rng: random.Random | None = None,
        first: Callable[[Image.Image], None] | None = None,
    ) -> Iterator[Crop]:
        """What a detector with an input of ``input_side`` pixels must look at, frame by frame.

        Decodes lazily and holds one frame at a time. Crops come in the size they were decoded
        in; bringing them to the input, by an antialiased filter, is the detector's job. ``rng``
        picks the frames in between; by default nobody can predict it. ``first`` is shown the whole
        first frame, over white. Raises ``ImageError`` where a frame cannot be decoded; the crops
        before it say nothing of the rest then.
        """
        limits = self._limits
        indexes = choose_frames(
            self.frames,
            max(limits.max_frames_scored, 1),
            rng or random.SystemRandom(),
            always=[self._primary],
        )
        total = 0
        animation: ImageFile.ImageFile | None = None
        for index in indexes:
            with decoding(self.format):
                if self.format == "JPEG":
                    pixels = self._jpeg(index, input_side)
                elif self.frames == 1:
                    # The decoder goes before the first crop is out: it holds the pixels twice.
                    pixels = self._pixels(self._construct())
                else:
                    animation = animation or self._construct()
                    self._seek(animation, index)
                    pixels = self._pixels(animation)
            total += pixels.colour.width * pixels.colour.height
            if total > limits.max_total_pixels:
                raise too_large("pixels in all frames", total, limits.max_total_pixels)
            if first is not None and index == 0:
                first(laid(pixels.colour, pixels.alpha, Ground.WHITE))
            yield from cut(index, pixels)

    def _jpeg(self, index: int, input_side: int) -> colour.Pixels:
        """Picture ``index`` of the file, decoded at a reduced scale where possible."""
        image = self._construct(index)
        check_size(image.size, self._limits)
        side = math.ceil(DRAFT_FACTOR * input_side)
        # Divides by the largest of 8, 4, 2, 1 that leaves both sides at least this long. Tiles
        # are squares of the short side, so it holds for them as well. Other formats could be
        # reduced only after decoding, and HEIF has thumbnails, which may show something else.
        image.draft(None, (side, side))
        return self._pixels(image)

    def _seek(self, image: ImageFile.ImageFile, index: int) -> None:
        if self.format == "HEIF":  # allocates the frame as it seeks
            check_size(image._heif_file[index].size, self._limits)  # type: ignore[attr-defined]
        image.seek(index)

    def _pixels(self, image: ImageFile.ImageFile) -> colour.Pixels:
        """The frame that ``image`` is at, upright, as a viewer would see it."""
        check_size(image.size, self._limits)
        image.load()
        check_size(image.size, self._limits)
        frame: Image.Image = image
        method = _TRANSPOSE.get(_orientation(image))
        if method is not None:
            frame = image.transpose(method)
        elif self.frames > 1:  # decoders of animations go on painting on what they have returned
            frame = image.copy()
        return colour.to_pixels(frame, white_level=_white_level(image))


def _check_scans(data: bytes) -> None:
    scans = containers.jpeg_scans(data, MAX_SCANS)
    if scans > MAX_SCANS:
        raise too_large("scans", scans, MAX_SCANS)


def _jpeg_pictures(image: ImageFile.ImageFile, data: bytes) -> list[int]:
    """Offsets of the pictures in a JPEG file; more than one in the multi-picture format.

    An index that cannot be read is ignored, as by every viewer, and so is an entry that points
    at no JPEG: editors cut off the other pictures and leave the index behind.
    """
    try:
        base = image.info["mpoffset"]
        entries = decoders.construct("MPO", BytesIO(data)).mpinfo[0xB002]  # type: ignore[attr-defined]
        offsets = {base + entry["DataOffset"] for entry in entries[1:]}
    except Exception:  # noqa: BLE001 — see above
        return [0]
    return [0, *sorted(at for at in offsets - {0} if data[at : at + 3] == b"\xff\xd8\xff")]


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 — a broken EXIF block does not turn a picture
        return 1


def _white_level(image: Image.Image) -> int:
    """White in a 16-bit mode: 12-bit TIFFs are unpacked to 16 bits without being scaled."""
    bits = getattr(image, "tag_v2", {}).get(258, (16,))  # BitsPerSample
    return 4095 if tuple(bits)[:1] == (12,) else 65535
