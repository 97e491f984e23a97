"""A sensitive detector, and a second one that confirms what the first suspects."""

from collections.abc import Sequence

from PIL.Image import Image

from ..scores import Scores
from . import options
from .composite import Composite


class CascadeDetector(Composite):
    """Puts what the alias ``first`` scores at ``threshold`` or above to the alias ``second``.

    The score of such a picture is that of the second detector; below ``threshold`` that of the
    first stands. So from ``threshold`` upwards the scale is that of the second one: a picture is
    at or above a limit there exactly where the first suspects it and the second puts it there.
    Below it two scales mix, and no limit of a policy belongs there.
    """

    def __init__(self, *, first: str, second: str, threshold: float = 0.5) -> None:
        aliases = options.text("first", first), options.text("second", second)
        options.names("first and second", aliases)
        self._threshold = options.fraction("threshold", threshold)
        super().__init__(list(zip(("first", "second"), aliases, strict=True)))

    def predict(self, images: Sequence[Image]) -> list[Scores]:
        scores = self._ask(0, images)
        suspected = [place for place, score in enumerate(scores) if score >= self._threshold]
        confirmed = self._ask(1, [images[place] for place in suspected])
        for place, score in zip(suspected, confirmed, strict=True):
            scores[place] = score
        return self._scores(scores)

    def _told(self, members: Sequence[str]) -> str:
        first, second = members
        return f"cascade [{first}] from {self._threshold} [{second}]"
