"""Bounded decoding: from the bytes of an upload to the crops that a detector looks at.

Knows nothing of Django. Everything it raises about a file is an
:class:`~django_nsfw.exceptions.ImageError`; what the file object's own ``seek`` and ``read`` raise
(a storage that does not answer) passes through, because it says nothing about the picture.
"""

from .animating import animated, moves
from .cutting import Crop, cut
from .picture import DRAFT_FACTOR, Picture, open_picture
from .placeholder import draw_placeholder
from .rendering import blurred, bounded
from .sniffing import (
    FORMATS,
    Header,
    check_extension,
    probe,
    promises_picture,
    require_picture,
)
from .tiles import Box

VERSION: int = 1
"""Changes whenever the same bytes may give other crops; part of every detector's identity."""

__all__ = [
    "DRAFT_FACTOR",
    "FORMATS",
    "VERSION",
    "Box",
    "Crop",
    "Header",
    "Picture",
    "animated",
    "blurred",
    "bounded",
    "check_extension",
    "cut",
    "draw_placeholder",
    "moves",
    "open_picture",
    "probe",
    "promises_picture",
    "require_picture",
]
