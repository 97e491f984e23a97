"""Frozen value objects: what a detector says of an image, and what that means for a file."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """Label → probability for one image, and ``nsfw``: the sum over the labels that count."""

    labels: Mapping[str, float]
    nsfw: float

    @classmethod
    def of(
        cls,
        labels: Sequence[str],
        probabilities: Sequence[float],
        nsfw_labels: Collection[str],
    ) -> "Scores":
        """Scores from a row of probabilities in the order of ``labels``.

        ``nsfw`` is clipped to 1: float32 sums can end a few ulp above it. A probability that is
        not a finite number in [0, 1] is a broken detector: ``ValueError``.
        """
        by_label = dict(zip(labels, map(float, probabilities), strict=True))
        if not all(math.isfinite(p) and -1e-6 <= p <= 1 + 1e-6 for p in by_label.values()):
            raise ValueError(f"not probabilities: {by_label}")
        nsfw = sum(by_label[label] for label in nsfw_labels)
        return cls(labels=by_label, nsfw=min(max(nsfw, 0.0), 1.0))


class Ground(StrEnum):
    """What a crop with transparency was laid on before it was scored."""

    OPAQUE = "opaque"
    WHITE = "white"
    BLACK = "black"
    RAW = "raw"


@dataclass(frozen=True, kw_only=True, slots=True)
class CropScores:
    """The scores of one square or whole frame that the detector looked at."""

    frame: int
    tile: int
    ground: Ground
    scores: Scores


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why there is no score: a stable code and a sentence for moderators and logs."""

    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """The outcome for one file: the scores of every crop, or the reason there are none.

    ``detector`` is the identity string of what scored it, empty where nothing did. ``width``,
    ``height`` (pixels, as stored, before orientation) and ``frames`` are 0 and ``format`` empty
    where the header could not be read. ``ms`` is the wall time that this assessment took.
    """

    sha256: str
    size: int
    detector: str = ""
    crops: tuple[CropScores, ...] = ()
    failure: Failure | None = None
    format: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    ms: float = 0.0

    @property
    def worst(self) -> CropScores | None:
        """The crop with the highest ``nsfw``; it decides. None where nothing was scored."""
        if self.failure is not None or not self.crops:
            return None
        return max(self.crops, key=lambda crop: crop.scores.nsfw)

    @property
    def nsfw(self) -> float | None:
        worst = self.worst
        return None if worst is None else worst.scores.nsfw

    @property
    def frames_scored(self) -> int:
        return len({crop.frame for crop in self.crops})


class Verdict(StrEnum):
    """What a policy makes of an assessment."""

    ALLOW = "allow"
    REVIEW = "review"
    REJECT = "reject"
    UNKNOWN = "unknown"
