"""What stands where a held image would be seen."""

import logging

from django.core.files.base import ContentFile

from ..conf import nsfw_settings
from ..scores import Assessment

logger = logging.getLogger(__name__)

FALLBACK_FORMAT = "PNG"
FALLBACK_SIZE = (640, 480)
"""Width and height in pixels where the held file has none that could be drawn."""


def placeholder_for(assessment: Assessment, extension: str) -> "tuple[ContentFile[bytes], str]":
    """The picture, and the extension that its file must have.

    The extension decides the format, because servers take the content type from it. A file whose
    extension belongs to no picture gets a PNG and its extension.
    """
    from ..images import draw_placeholder  # brings PIL, which django.setup() must not pay for

    image_format = _format_of(extension)
    if image_format is None:
        image_format, extension = FALLBACK_FORMAT, ".png"
    try:
        body = draw_placeholder(image_format, *_size(assessment))
    except Exception:  # an encoder that this machine lacks, a size that the format cannot have
        logger.exception("No placeholder in %s; drawing one in PNG", image_format)
        body, extension = draw_placeholder(FALLBACK_FORMAT, *FALLBACK_SIZE), ".png"
    return ContentFile(body), extension


def _format_of(extension: str) -> str | None:
    from ..images import FORMATS

    for image_format, extensions in FORMATS.items():
        if extension.lower() in extensions:
            return image_format
    return None


def _size(assessment: Assessment) -> tuple[int, int]:
    limits = nsfw_settings.limits
    width, height = assessment.width, assessment.height
    drawable = 0 < width <= limits.max_side and 0 < height <= limits.max_side
    return (width, height) if drawable and width * height <= limits.max_pixels else FALLBACK_SIZE
