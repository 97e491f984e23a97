"""What a moderator gets to see of a scan: a picture of our own making, never the uploaded bytes."""

import hashlib
import logging
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from . import __version__
from .conf import nsfw_settings
from .exceptions import (
    DecisionRefused,
    DetectorBusy,
    ImageError,
    ImageTooLarge,
    PictureNotShown,
)
from .flights import in_flight
from .models import Scan
from .quarantine.faults import quarantine_cannot, storage_cannot
from .quarantine.journal import quarantine_storage
from .quarantine.rows import Row
from .scores import Ground

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.files import File

    from .images import Picture

logger = logging.getLogger(__name__)

NOTICE_SIZE = (320, 240)
"""Pixels of the picture that stands for one which cannot be decoded."""


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """A WebP. ``notice``: a neutral drawing, because nothing could be decoded."""

    body: bytes
    notice: bool = False


def blurred(scan: Scan, *, strength: int, greyscale: bool) -> Rendition:
    """Small, and blurred until nothing can be recognised. Raises ``PictureNotShown``."""
    from . import images

    frame, ground = worst(scan)
    return _render(
        scan,
        lambda picture: images.blurred(
            picture, strength=strength, greyscale=greyscale, frame=frame, ground=ground
        ),
    )


def tag(scan: Scan, *, strength: int, greyscale: bool) -> str:
    """An entity tag of ``blurred``: another one as soon as anything is drawn otherwise. Reads no
    file. Raises ``PictureNotShown`` where the row says that there is none."""
    _require_bytes(scan)
    frame, ground = worst(scan)
    drawn = (__version__, scan.sha256, frame, ground.value, strength, greyscale)
    return f'"{hashlib.sha256(repr(drawn).encode()).hexdigest()}"'


def revealed(scan: Scan, *, greyscale: bool, muted: bool = True) -> Rendition:
    """To be looked at. Whoever sends it records that first. Raises ``PictureNotShown``.

    An animation that is not ``muted`` moves, where all of it can be decoded in time.
    """
    from . import images

    frame, ground = worst(scan)
    seconds = nsfw_settings.limits.timeout

    def draw(picture: "Picture") -> bytes:
        if not muted and images.moves(picture):
            with suppress(ImageError):  # the frame that is on record may be whole
                return images.animated(
                    picture, greyscale=greyscale, seconds=seconds, frame=frame, ground=ground
                )
        return images.bounded(picture, greyscale=greyscale, frame=frame, ground=ground)

    return _render(scan, draw)


def worst(scan: Scan) -> tuple[int, Ground]:
    """The frame that scored worst, and what it was laid on then; the first one without scores."""
    crop = scan.assessment.worst
    return (crop.frame, crop.ground) if crop else (0, Ground.OPAQUE)


def bytes_of(scan: Scan) -> bytes:
    """The file that was scanned, wherever it is now; no more than a byte over the limit of what
    is decoded. Raises ``PictureNotShown``. The caller sees to its digest."""
    _require_bytes(scan)
    return _read(scan, nsfw_settings.limits.max_bytes)


def opened(scan: Scan) -> "Picture":
    """The very bytes that were scanned, with no pixel of them decoded. Raises ``PictureNotShown``,
    and ``ImageError`` where they are no picture, or over a limit."""
    from .images import open_picture  # brings PIL, for which django.setup() must not pay

    limits = nsfw_settings.limits
    _require_bytes(scan)
    if scan.size > limits.max_bytes:  # it was never decoded, and need not be read now
        raise ImageTooLarge(f"The file has {scan.size} bytes, the limit is {limits.max_bytes}.")
    body = _read(scan, limits.max_bytes)
    if hashlib.sha256(body).hexdigest() != scan.sha256:
        raise PictureNotShown("The file is not the one that was scanned.", code="changed")
    return open_picture(BytesIO(body), limits)


def _render(scan: Scan, draw: "Callable[[Picture], bytes]") -> Rendition:
    limits = nsfw_settings.limits
    try:
        picture = opened(scan)
        with in_flight(limits.max_in_flight, limits.timeout):
            return Rendition(body=draw(picture))
    except ImageError:
        return _notice()
    except DetectorBusy as error:
        raise PictureNotShown(
            "Too many pictures are being decoded: try again.", code="busy"
        ) from error


def _require_bytes(scan: Scan) -> None:
    if scan.bytes_discarded:
        raise PictureNotShown("What was held was deleted.", code="pruned")
    if scan.status in Scan.HIDDEN and not scan.quarantine_name:
        raise PictureNotShown("The file in quarantine is missing.", code="missing")


def _read(scan: Scan, limit: int) -> bytes:
    """The held file, or that of the field; of a file that has grown only a beginning."""
    held = bool(scan.quarantine_name)
    try:
        row = None if held else Row.of(scan)
    except DecisionRefused as error:
        raise PictureNotShown(str(error), code="gone") from error
    trouble: AbstractContextManager[None] = (
        quarantine_cannot("give the file")
        if row is None
        else storage_cannot("give the file", field=scan.field)
    )
    try:
        with trouble:
            file: File[Any] = (
                quarantine_storage().open(scan.quarantine_name)
                if row is None
                else row.storage.open(scan.name)
            )
            with file:
                return bytes(file.read(limit + 1))
    except FileNotFoundError as error:
        where = "in quarantine " if held else ""
        raise PictureNotShown(f"The file {where}is missing.", code="missing") from error
    except OSError as error:
        logger.warning("No picture of scan %s: %s", scan.pk, error)
        raise PictureNotShown(
            "The storage does not give the file; the log has more.", code="storage"
        ) from error


def _notice() -> Rendition:
    from .images import draw_placeholder

    return Rendition(body=draw_placeholder("WEBP", *NOTICE_SIZE), notice=True)
