"""A row of scores → what it says, checked: whatever a cluster wrote, nothing half-true gets in."""

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..detectors.base import IDENTITY_LENGTH
from ..exceptions import FILE_FAULTS, AssessmentTimeout, DetectorBusy, DetectorUnavailable
from ..images import FORMATS
from ..scores import Assessment, CropScores, Failure, Ground, Perceptual, Scores
from .columns import FILE, MISSING, NEEDED, NOT_FETCHED
from .files import missing_columns

HEX = re.compile(r"[0-9a-f]{64}")
TURNED = re.compile(r"(?:[0-9a-f]{64}){7}|")

TOLERANCE = 1e-6
"""How far a sum of probabilities may be from what a row says, as in ``Scores.of``."""

KNOWN_FORMATS = tuple(sorted({*FORMATS, "HEIF"}))
MOST_CROPS = 10_000
LARGEST = {"size": 2**63 - 1, "width": 2**31 - 1, "height": 2**31 - 1, "frames": 2**31 - 1,
           "pdq_quality": 100}  # fmt: skip

DETECTOR_FAULTS = frozenset(
    fault.code for fault in (DetectorUnavailable, DetectorBusy, AssessmentTimeout)
)
"""Codes that say nothing of a file: the cluster was at fault, and another run may do better."""

UNSEEN = frozenset({MISSING, NOT_FETCHED})


@dataclass(frozen=True, kw_only=True)
class Record:
    """One row. ``assessment`` is None where the cluster saw no bytes, or had no good detector:
    ``code`` and ``message`` say what it was."""

    where: str
    field: str
    object_db: str
    object_pk: str
    name: str
    assessment: Assessment | None = None
    code: str = ""
    message: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """The object, whatever file it is said to have."""
        return self.field, self.object_db, self.object_pk

    def __str__(self) -> str:
        return f"{self.field} of {self.object_pk}"


def parse(row: Mapping[str, Any], where: str) -> Record:
    """``ValueError`` says what is wrong with a row."""
    absent = missing_columns(row, NEEDED)
    if absent:
        raise ValueError(f"no column {', '.join(absent)}")
    named: dict[str, Any] = {name: _text(row, name) for name in FILE}
    for name, value in named.items():
        if not value:
            raise ValueError(f"{name} is empty")
    code, message = _text(row, "error_code"), _text(row, "error_message")
    if code in UNSEEN or code in DETECTOR_FAULTS:
        return Record(where=where, **named, code=code, message=message)
    if code and code not in FILE_FAULTS:
        known = ", ".join(sorted(UNSEEN | DETECTOR_FAULTS | FILE_FAULTS))
        raise ValueError(f"error_code must be empty or one of {known}, not {code[:100]!r}")
    return Record(where=where, **named, assessment=_assessment(row, code, message))


def check_labels(found: Assessment, labels: Sequence[str], nsfw_labels: Collection[str]) -> None:
    """Raise ``ValueError`` where this detector cannot have said that."""
    for crop in found.crops:
        said = crop.scores.labels
        if labels and set(said) != set(labels):
            raise ValueError(
                f"the labels are {', '.join(sorted(said))}, and those of the detector "
                f"{', '.join(sorted(labels))}"
            )
        if labels:
            scores = Scores.of(labels, [said[label] for label in labels], nsfw_labels)
            if abs(scores.nsfw - crop.scores.nsfw) > TOLERANCE:
                raise ValueError(f"nsfw is {crop.scores.nsfw}, and its labels say {scores.nsfw}")


def _assessment(row: Mapping[str, Any], code: str, message: str) -> Assessment:
    sha256 = _text(row, "sha256")
    if not HEX.fullmatch(sha256):
        raise ValueError(f"sha256 must be 64 hexadecimal digits, not {sha256[:100]!r}")
    detector = _text(row, "detector")
    if len(detector) > IDENTITY_LENGTH:
        raise ValueError(f"detector is longer than {IDENTITY_LENGTH} characters")
    crops = _crops(_text(row, "crops"))
    if not code and not (crops and detector):
        raise ValueError("neither scores with their detector nor an error_code")
    assessment = Assessment(
        sha256=sha256,
        size=_whole(row, "size"),
        detector=detector,
        crops=crops,
        failure=Failure(code=code, message=message) if code else None,
        format=_format(row, may_lack=bool(code)),
        width=_whole(row, "width"),
        height=_whole(row, "height"),
        frames=_whole(row, "frames"),
        ms=_number(row.get("ms") or 0, "ms", most=math.inf),
        perceptual=_perceptual(row),
    )
    nsfw = row.get("nsfw")
    if nsfw is not None:
        said = _number(nsfw, "nsfw")
        if assessment.nsfw is None or abs(said - assessment.nsfw) > TOLERANCE:
            raise ValueError(f"nsfw is {said}, and its crops say {assessment.nsfw}")
    return assessment


def _crops(text: str) -> tuple[CropScores, ...]:
    if not text:
        return ()
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"crops are no JSON: {error}") from error
    if not isinstance(values, list) or len(values) > MOST_CROPS:
        raise ValueError(f"crops must be a list of at most {MOST_CROPS} objects")
    return tuple(map(_crop, values))


def _crop(value: Any) -> CropScores:
    keys = {"frame", "tile", "ground", "nsfw", "labels"}
    if not isinstance(value, dict) or set(value) != keys:
        raise ValueError(f"a crop must be an object with {', '.join(sorted(keys))}")
    labels, ground = value["labels"], value["ground"]
    if not isinstance(labels, dict) or not labels:
        raise ValueError("the labels of a crop must be an object, label → probability")
    if ground not in set(Ground):
        raise ValueError(f"ground must be one of {', '.join(Ground)}, not {str(ground)[:100]!r}")
    return CropScores(
        frame=_whole(value, "frame"),
        tile=_whole(value, "tile"),
        ground=Ground(ground),
        scores=Scores(
            labels={label: _number(p, f"the label {label[:100]!r}") for label, p in labels.items()},
            nsfw=min(max(_number(value["nsfw"], "nsfw"), 0.0), 1.0),
        ),
    )


def _perceptual(row: Mapping[str, Any]) -> Perceptual:
    pdq, turned = _text(row, "pdq"), _text(row, "pdq_rotations")
    if pdq and not HEX.fullmatch(pdq):
        raise ValueError(f"pdq must be 64 hexadecimal digits, not {pdq[:100]!r}")
    if not TURNED.fullmatch(turned):
        raise ValueError("pdq_rotations must be seven times 64 hexadecimal digits")
    rotations = tuple(turned[at : at + 64] for at in range(0, len(turned), 64))
    return Perceptual(pdq=pdq, quality=_whole(row, "pdq_quality"), rotations=rotations)


def _format(row: Mapping[str, Any], *, may_lack: bool) -> str:
    name = _text(row, "format")
    if name not in KNOWN_FORMATS and not (may_lack and not name):
        raise ValueError(f"format must be one of {', '.join(KNOWN_FORMATS)}, not {name[:100]!r}")
    return name


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text, not {str(value)[:100]}")
    return value


def _whole(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    if value is None:
        return 0
    most = LARGEST.get(name, 2**31 - 1)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{name} must be a whole number from 0 to {most}, not {str(value)[:100]}")
    return value


def _number(value: Any, name: str, *, most: float = 1 + TOLERANCE) -> float:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not (-TOLERANCE <= value <= most) or not math.isfinite(value):
        wanted = "a probability" if most <= 1 + TOLERANCE else "a number above 0"
        raise ValueError(f"{name} must be {wanted}, not {str(value)[:100]}")
    return float(value)
