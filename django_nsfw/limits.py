"""What one image may cost. Everything beyond is held, never guessed at."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The resolved ``NSFW_LIMITS``. An image beyond any of them has no score and is held.

    A limit is checked on the header, before any pixel is decoded, wherever the format allows.
    """

    max_bytes: int = 10_000_000
    """Size of the file, in bytes."""
    max_pixels: int = 50_000_000
    """Width times height of any one frame."""
    max_total_pixels: int = 250_000_000
    """Width times height times frames: what a viewer must decode to play the whole file."""
    max_side: int = 30_000
    """The longer side of a frame, in pixels."""
    max_frames_scored: int = 16
    """Frames looked at in an animation or multi-picture file: first, last, evenly spaced."""
    max_tiles: int = 16
    """Square tiles a frame with an aspect ratio over 2 is cut into; one that needs more is held."""
    timeout: float = 10.0
    """Seconds for one image, waiting for its turn included, the first load of a detector not."""
    max_in_flight: int = 4
    """Images decoded and scored at the same time in one process."""
    max_pixels_in_flight: int = 100_000_000
    """Pixels that one process of a rescan decodes at the same time. A larger picture goes alone."""
