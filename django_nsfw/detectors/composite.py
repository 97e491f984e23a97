"""A detector that is made of several others and has one score of its own."""

import hashlib
from abc import abstractmethod
from collections.abc import Sequence

from PIL.Image import Image

from ..exceptions import DetectorUnavailable
from ..scores import Scores
from . import handler, membership
from .base import IDENTITY_LENGTH, Detector


class Composite(Detector):
    """Asks the shared instances of other aliases; a subclass says which for what.

    Its labels are ``sfw`` and ``nsfw``, whatever those of the members: their probabilities would
    not add up to its score. ``identity`` names the members as they are now, so that it changes
    with theirs. A member that cannot be had is ``DetectorUnavailable``, and never a score of the
    others.
    """

    labels = ("sfw", "nsfw")
    nsfw_labels = frozenset({"nsfw"})

    def __init__(self, members: Sequence[tuple[str, str]]) -> None:
        """``members``: option and alias of each."""
        for option, alias in members:
            membership.require_member(option, alias)
        self._aliases = tuple(alias for _, alias in members)
        self._members: tuple[Detector, ...] = ()

    @abstractmethod
    def _told(self, members: Sequence[str]) -> str:
        """This detector in words, its parameters included, with ``members`` for its members."""

    @property
    def identity(self) -> str:  # type: ignore[override]
        identities = [detector.identity for detector in self._loaded()]
        told = self._told(identities)
        if len(told) <= IDENTITY_LENGTH:
            return told
        names = [identity.partition(" ")[0] for identity in identities]
        digest = f" sha256:{hashlib.sha256(told.encode()).hexdigest()[:16]}"
        return self._told(names)[: IDENTITY_LENGTH - len(digest)] + digest

    @property
    def input_side(self) -> int:  # type: ignore[override]
        return max(detector.input_side for detector in self._loaded())

    @property
    def max_batch(self) -> int:  # type: ignore[override]
        return max(detector.max_batch for detector in self._loaded())

    def load(self) -> None:
        self._members = tuple(self._member(alias) for alias in self._aliases)

    def _member(self, alias: str) -> Detector:
        try:
            return handler.detectors[alias]
        except DetectorUnavailable as error:
            raise _without(alias, error) from error

    def _loaded(self) -> tuple[Detector, ...]:
        if not self._members:
            raise DetectorUnavailable("The detector was not loaded before its first use.")
        return self._members

    def _ask(self, place: int, images: Sequence[Image]) -> list[float]:
        """The scores of the member at ``place``, in batches as large as it takes."""
        detector = self._loaded()[place]
        scores: list[float] = []
        try:
            size = detector.max_batch
            for start in range(0, len(images), size):
                scores += [one.nsfw for one in detector.predict(images[start : start + size])]
        except DetectorUnavailable as error:
            raise _without(self._aliases[place], error) from error
        return scores

    def _scores(self, values: Sequence[float]) -> list[Scores]:
        return [Scores.of(self.labels, (1 - score, score), self.nsfw_labels) for score in values]


def _without(alias: str, error: DetectorUnavailable) -> DetectorUnavailable:
    return DetectorUnavailable(f"{alias!r}: {error}", params=error.params)
