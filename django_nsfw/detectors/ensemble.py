"""Several detectors, each asked about every picture, and one score of all."""

from collections.abc import Mapping, Sequence

from django.core.exceptions import ImproperlyConfigured
from PIL.Image import Image

from ..scores import Scores
from . import options
from .composite import Composite

COMBINATIONS = ("mean", "max")


class EnsembleDetector(Composite):
    """The mean or the highest of the scores of the aliases ``detectors``.

    ``combine``: "mean" or "max". ``weights``: alias → weight in the mean, 1 unless given.
    ``thresholds``: alias → the score from which that detector means NSFW. It is mapped to 0.5, and
    what is below and above it evenly to either half, so that detectors on different scales can be
    combined; 0.5 unless given, which changes nothing.
    """

    def __init__(
        self,
        *,
        detectors: Sequence[str],
        combine: str = "mean",
        weights: Mapping[str, float] | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        aliases = options.names("detectors", detectors)
        if len(aliases) < 2:
            raise ImproperlyConfigured(
                f"'detectors' must name two aliases or more, not {detectors!r}."
            )
        self._combine = options.one_of("combine", combine, COMBINATIONS)
        if weights is not None and combine != "mean":
            raise ImproperlyConfigured("'weights' are for 'combine' = 'mean'. Leave them out.")
        super().__init__([("detectors", alias) for alias in aliases])
        given = options.by_name("weights", weights, aliases)
        self._weights = [options.above_zero("weights", given.get(a, 1.0)) for a in aliases]
        given = options.by_name("thresholds", thresholds, aliases)
        self._thresholds = [_inside("thresholds", given.get(a, 0.5)) for a in aliases]

    def predict(self, images: Sequence[Image]) -> list[Scores]:
        columns = [
            [calibrated(score, threshold) for score in self._ask(place, images)]
            for place, threshold in enumerate(self._thresholds)
        ]
        return self._scores([self._combined(row) for row in zip(*columns, strict=True)])

    def _combined(self, row: Sequence[float]) -> float:
        if self._combine == "max":
            return max(row)
        weighted = sum(weight * score for weight, score in zip(self._weights, row, strict=True))
        return min(weighted / sum(self._weights), 1.0)

    def _told(self, members: Sequence[str]) -> str:
        each = zip(members, self._weights, self._thresholds, strict=True)
        told = (f"[{member}]×{weight} at {threshold}" for member, weight, threshold in each)
        return f"ensemble {self._combine} {' '.join(told)}"


def calibrated(score: float, threshold: float) -> float:
    """A score in [0, 1] → the same with ``threshold``, inside of (0, 1), at 0.5."""
    if score < threshold:
        return score / (2 * threshold)
    return 0.5 + (score - threshold) / (2 * (1 - threshold))


def _inside(name: str, value: float) -> float:
    if options.fraction(name, value) == 1:
        raise ImproperlyConfigured(f"{name!r} must be below 1, not {value!r}.")
    return float(value)
