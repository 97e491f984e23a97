"""Recorded scan → which parts of its picture drove the score."""

import logging
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from . import renditions
from .conf import nsfw_settings
from .detectors import Detector, detectors
from .exceptions import (
    AssessmentTimeout,
    DetectorBusy,
    DetectorError,
    ImageError,
    NotExplained,
)
from .models import Scan
from .policy import Policy
from .registry import registry

if TYPE_CHECKING:
    from .explaining import Explanation

logger = logging.getLogger(__name__)


def explained(scan: Scan) -> "Explanation":
    """What the detector that is configured now makes of the crop that scored worst.

    It may be another one than that on record: ``Explanation.detector`` says which. Raises
    ``NotExplained``, and ``PictureNotShown`` where the bytes are not to be had.
    """
    from .explaining import explain  # brings PIL, for which django.setup() must not pay

    worst = scan.assessment.worst
    if worst is None:
        raise NotExplained("It has no score.", code="unscored")
    try:
        picture = renditions.opened(scan)
        return explain(picture, worst, _detector(scan), nsfw_settings.limits)
    except ImageError as error:
        raise NotExplained(str(error), code="undecodable") from error
    except DetectorBusy as error:
        raise NotExplained(str(error), code="busy") from error
    except AssessmentTimeout as error:
        raise NotExplained(str(error), code="timeout") from error
    except (DetectorError, ImproperlyConfigured, ValueError) as error:
        logger.warning("The score of scan %s is not explained: %s", scan.pk, error)
        raise NotExplained(str(error), code="detector") from error


def _detector(scan: Scan) -> Detector:
    """That of its field; what a callable of the site says of one object is not asked for."""
    watched = registry.watched.get(scan.field)
    policy = Policy.of(nsfw_settings.policy, watched.options if watched else {})
    return detectors[policy.detector]
