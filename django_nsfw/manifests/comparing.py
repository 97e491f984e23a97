"""How a row of scores stands to what the site has: another detector, nothing new, a first score."""

from ..detectors import Detector
from ..models import Scan
from ..rescans.recording import Judged
from ..scores import Assessment
from .records import Record, check_labels


class Refused(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def require_identity(assessment: Assessment, detector: Detector) -> None:
    if assessment.detector != detector.identity and (assessment.detector or assessment.crops):
        raise Refused(
            "other_detector",
            f"scored by {assessment.detector!r}, and the one configured is {detector.identity!r}",
        )
    try:
        check_labels(assessment, detector.labels, detector.nsfw_labels)
    except ValueError as error:
        raise Refused("malformed", str(error)) from error


def is_first(each: Judged) -> bool:
    return each.candidate.scan is None or not each.same_bytes


def is_about(scan: Scan, row: Record) -> bool:
    """Whether the scan is of this object, and has the row's score of the row's bytes."""
    found = row.assessment
    return found is not None and (row.object_pk, found.sha256, found.detector, found.nsfw) == (
        scan.object_pk, scan.sha256, scan.detector, scan.nsfw,
    )  # fmt: skip


def is_recorded(each: Judged) -> bool:
    """Whether the scan says and stands so already: importing again changes nothing."""
    scan, found = each.candidate.scan, each.found.assessment
    if scan is None or each.candidate.shared or not each.same_bytes or each.to != scan.status:
        return False
    failure = found.failure.code if found.failure else ""
    said = (scan.detector, scan.nsfw, scan.error_code, scan.pdq)
    return said == (found.detector, found.nsfw, failure, found.perceptual.pdq)
