"""A detector in front of another one, whose nature it has."""

from .base import Detector


class Delegating(Detector):
    """Says of itself what ``_detector`` says; a subclass sets that and decides how it is asked."""

    _detector: Detector

    @property
    def identity(self) -> str:  # type: ignore[override]
        return self._detector.identity

    @property
    def labels(self) -> tuple[str, ...]:  # type: ignore[override]
        return self._detector.labels

    @property
    def nsfw_labels(self) -> frozenset[str]:  # type: ignore[override]
        return self._detector.nsfw_labels

    @property
    def input_side(self) -> int:  # type: ignore[override]
        return self._detector.input_side

    @property
    def max_batch(self) -> int:  # type: ignore[override]
        return self._detector.max_batch
