"""Frozen value objects: what a detector says of an image, and what that means for a file."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class CropScores:
    """The scores of one square or whole frame that the detector looked at."""

    frame: int
    tile: int
    ground: Ground
    scores: Scores

    def as_json(self) -> dict[str, Any]:
        return {
            "frame": self.frame,
            "tile": self.tile,
            "ground": self.ground.value,
            "nsfw": self.scores.nsfw,
            "labels": dict(self.scores.labels),
        }

    @classmethod
    def from_json(cls, crop: Mapping[str, Any]) -> "CropScores":
        return cls(
            frame=crop["frame"],
            tile=crop["tile"],
            ground=Ground(crop["ground"]),
            scores=Scores(labels=crop["labels"], nsfw=crop["nsfw"]),
        )


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why there is no score: a stable code and a sentence for moderators and logs.

    ``message`` loses what PostgreSQL or Parquet do not take: decoders quote the bytes they choked
    on, and there may be a NUL or a surrogate among them.
    """

    code: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        storable = self.message.replace("\x00", "�").encode("utf-8", "replace").decode()
        object.__setattr__(self, "message", storable)


@dataclass(frozen=True, kw_only=True)
class Perceptual:
    """The PDQ hash of a picture: 256 bits as 64 hexadecimal digits, and a quality of 0 to 100.

    ``rotations``: the hashes of its seven other turns and mirrors, where they were asked for.
    """

    pdq: str = ""
    quality: int = 0
    rotations: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"pdq": self.pdq, "quality": self.quality, "rotations": list(self.rotations)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Perceptual":
        return cls(
            pdq=values["pdq"], quality=values["quality"], rotations=tuple(values["rotations"])
        )


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """The outcome for one file: the scores of every crop, or the reason there are none.

    ``detector`` is the identity string of what scored it, empty where nothing did. ``width``,
    ``height`` (pixels, as stored, before orientation) and ``frames`` are 0 and ``format`` empty
    where the header could not be read. ``ms`` is the wall time that this assessment took. Crops
    beside a failure are what was seen before it, for people; they decide nothing. Neither crops
    nor failure: the bytes are known, and nobody asked a detector. ``perceptual`` is empty where
    it was not asked for or no first frame could be decoded.
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
    perceptual: Perceptual = Perceptual()

    @property
    def worst(self) -> CropScores | None:
        """The crop with the highest ``nsfw``. None where nothing was scored."""
        return max(self.crops, key=lambda crop: crop.scores.nsfw, default=None)

    @property
    def nsfw(self) -> float | None:
        worst = self.worst
        return None if worst is None else worst.scores.nsfw

    def as_json(self) -> dict[str, Any]:
        """Plain values, from which ``from_json`` makes an equal assessment."""
        failure = self.failure
        return {
            "sha256": self.sha256,
            "size": self.size,
            "detector": self.detector,
            "crops": [crop.as_json() for crop in self.crops],
            "failure": {"code": failure.code, "message": failure.message} if failure else None,
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "frames": self.frames,
            "ms": self.ms,
            "perceptual": self.perceptual.as_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Assessment":
        failure = values["failure"]
        perceptual = values.get("perceptual")  # entries written before there was one lack it
        return cls(
            **{
                **values,
                "crops": tuple(map(CropScores.from_json, values["crops"])),
                "failure": Failure(**failure) if failure else None,
                "perceptual": Perceptual.from_json(perceptual) if perceptual else Perceptual(),
            }
        )

    def failed(self, failure: Failure) -> "Assessment":
        """The same assessment, undone by a failure that was found later."""
        return replace(self, failure=failure)

    @property
    def frames_scored(self) -> int:
        return len({crop.frame for crop in self.crops})


@dataclass(frozen=True, kw_only=True)
class KnownMatch:
    """A settled picture that an upload equals or resembles.

    ``known`` is the key of the ``KnownImage``; ``distance`` the bits in which the PDQ hashes
    differ, None where the bytes are the same.
    """

    known: Any
    rejected: bool
    distance: int | None = None

    @property
    def exact(self) -> bool:
        return self.distance is None
