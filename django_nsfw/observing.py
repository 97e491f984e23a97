"""What was found in a file → a signal and a record of the log, for those who watch the site."""

import logging

from .scores import Assessment
from .signals import image_assessed

logger = logging.getLogger(__name__)


def tell(found: Assessment, alias: str, seconds: float, recalled: bool) -> None:
    """``alias`` of the detector that was to score it; ``seconds`` that the answer took."""
    image_assessed.send_robust(
        Assessment, assessment=found, alias=alias, seconds=seconds, recalled=recalled
    )
    if logger.isEnabledFor(logging.INFO):
        logger.info(
            "Assessed %s",
            found.sha256,
            extra={
                "nsfw_sha256": found.sha256,
                "nsfw_alias": alias,
                "nsfw_detector": found.detector,
                "nsfw_score": found.nsfw,
                "nsfw_failure": found.failure.code if found.failure else "",
                "nsfw_recalled": recalled,
                "nsfw_ms": round(seconds * 1000, 1),
            },
        )
