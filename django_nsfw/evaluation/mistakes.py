"""The pictures that a detector is most wrong about, as a report may show them."""

import hashlib
from io import BytesIO

from ..conf import nsfw_settings
from ..images import blurred, open_picture
from .scoring import Scored


def blurred_picture(row: Scored) -> bytes | None:
    """A small WebP without detail, by the blur and the colours of ``NSFW_REVIEW``; None where the
    bytes are gone, are others by now, or cannot be decoded."""
    limits, review = nsfw_settings.limits, nsfw_settings.review
    try:
        with row.sample.open() as file:
            body = file.read(limits.max_bytes + 1)
        if row.sample.sha256 and hashlib.sha256(body).hexdigest() != row.sample.sha256:
            return None
        return blurred(
            open_picture(BytesIO(body), limits),
            strength=review.blur,
            greyscale=review.greyscale,
            frame=row.frame,
            ground=row.ground,
        )
    except Exception:  # noqa: BLE001 - storages raise anything, and a report does without
        return None
