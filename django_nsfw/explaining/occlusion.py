"""Parts of a picture are covered, one after the other, and what is left is scored again.

Occlusion sensitivity: Zeiler and Fergus, 2014, section 4.2, https://arxiv.org/abs/1311.2901. It
asks a detector for scores and nothing else, so that it works with every one of them.
"""

import math
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from PIL import Image

from ..detectors import Detector
from ..exceptions import (
    AssessmentError,
    AssessmentTimeout,
    DetectorBusy,
    DetectorUnavailable,
    UnreadableImage,
)
from ..flights import in_flight
from ..images import DRAFT_FACTOR, Box, Crop, Picture, cut
from ..limits import Limits
from ..scores import CropScores, Scores
from .explanation import FAINT, Explanation, Part, Share, Table
from .grid import Grid, Place

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 49
"""Windows that are looked at: all that lie within a square. With a model of 90 ms an image they
take four and a half seconds."""

MATTERS = 0.25
"""Of the strongest effect side by side. Only over windows with as much is looked between them."""

GREY = (128, 128, 128)
"""What a part is covered with: the middle that models are normalised around, whatever the picture.

The mean colour of a close-up of skin is that of skin, and a blur keeps it as well: both leave what
they should take away.
"""

LEAST = 1e-6
"""A probability below it is taken for it: models in half precision cannot tell smaller ones."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a window does to the score: ``nsfw`` without it, and by how much that is lower."""

    nsfw: float
    drop: float
    log_odds: float


def explain(picture: Picture, worst: CropScores, detector: Detector, limits: Limits) -> Explanation:
    """Which parts of the crop ``worst`` of ``picture`` drive what ``detector`` says of it.

    At most ``MOST`` + 2 inferences, in batches that each take their turn among the images in
    flight. After ``limits.timeout`` seconds what was found until then is returned, or
    ``AssessmentTimeout`` raised where that is not every part once. Raises ``ImageError`` where the
    crop cannot be decoded, ``DetectorBusy`` and ``DetectorUnavailable``.
    """
    until = perf_counter() + limits.timeout

    def turn() -> AbstractContextManager[None]:
        return in_flight(limits.max_in_flight, max(until - perf_counter(), 0))

    identity = detector.identity
    with turn():
        size, crops = _crops(picture, worst, detector.input_side)
        scores = _scores(detector, [crop.image for crop in crops])
    original, crop = max(zip(scores, crops, strict=True), key=lambda pair: pair[0].nsfw)
    covering = _Covering(crop.image, original, detector, until, turn)
    if not covering.look(covering.grid.side_by_side):
        raise AssessmentTimeout(
            f"After {limits.timeout:g} s only {len(covering.changes)} parts had been covered."
        )
    finished = covering.look(covering.between())
    if detector.identity != identity:
        raise DetectorUnavailable("The detector changed meanwhile.")
    box = _share(crop.box, size)
    return Explanation(
        detector=identity,
        frame=crop.frame,
        tile=crop.tile,
        ground=crop.ground,
        width=size[0],
        height=size[1],
        box=box,
        nsfw=original.nsfw,
        log_odds=covering.table(lambda change: change.log_odds),
        drops=covering.table(lambda change: change.drop),
        strongest=covering.strongest(box),
        inferences=len(crops) + len(covering.changes),
        finished=finished,
    )


def _scores(detector: Detector, images: list[Image.Image]) -> list[Scores]:
    try:
        return detector.predict(images)
    except AssessmentError:
        raise
    except Exception as error:  # A backend of a third party may raise anything.
        raise DetectorUnavailable(
            f"The detector failed: {type(error).__name__}: {error}"
        ) from error


def log_odds(scores: Scores, counting: Collection[str]) -> float:
    """ln of what counts as NSFW over what does not.

    From the labels, not from their sum: close to 1 that has lost what a probability close to 0
    still tells.
    """
    counted = sum(p for label, p in scores.labels.items() if label in counting)
    others = sum(p for label, p in scores.labels.items() if label not in counting)
    return math.log(max(counted, LEAST) / max(others, LEAST))


class _Covering:
    """One picture, and what became of its score with each of the windows covered so far."""

    def __init__(
        self,
        image: Image.Image,
        original: Scores,
        detector: Detector,
        until: float,
        turn: "Callable[[], AbstractContextManager[None]]",
    ) -> None:
        self.image = image
        self.original = original
        self.detector = detector
        self.until = until
        self.turn = turn
        self.grid = Grid.over(image.size)
        self.changes: dict[Place, Change] = {}

    def look(self, windows: list[Place]) -> bool:
        """Cover each of ``windows``. False where time ran out before the last."""
        size = self.detector.max_batch
        for start in range(0, len(windows), size):
            batch = windows[start : start + size]
            if perf_counter() > self.until:
                return False
            try:
                with self.turn():
                    scores = _scores(self.detector, [self._covered(window) for window in batch])
            except DetectorBusy:
                return False
            self.changes |= zip(batch, map(self._change, scores), strict=True)
        return True

    def between(self) -> list[Place]:
        """The windows between them that are looked at as well, those over what matters first.

        Where nothing does so far, it may lie across several of those side by side: a part that is
        left of it can hold the score up alone.
        """
        strongest = max(change.log_odds for change in self.changes.values())
        matters = {
            window: max(self.changes[one].log_odds for one in self._under(window))
            for window in self.grid.between
        }
        if strongest >= FAINT:
            chosen = [window for window in matters if matters[window] >= MATTERS * strongest]
            chosen.sort(key=matters.__getitem__, reverse=True)
        else:  # those at the edges, which cover less, come last
            chosen = sorted(matters, key=lambda one: len(self.grid.cells(one)), reverse=True)
        return chosen[: max(MOST - len(self.changes), 0)]

    def table(self, value: "Callable[[Change], float]") -> Table:
        """For each cell the mean over the windows that covered it."""
        found: dict[Place, list[float]] = {}
        for window, change in self.changes.items():
            for cell in self.grid.cells(window):
                found.setdefault(cell, []).append(value(change))
        means = {cell: sum(values) / len(values) for cell, values in found.items()}
        return tuple(
            tuple(means[c, r] for c in range(self.grid.columns)) for r in range(self.grid.rows)
        )

    def strongest(self, crop: Share) -> Part:
        """The window without which the score is lowest. ``crop``: where the picture is."""
        window, change = max(self.changes.items(), key=lambda pair: pair[1].log_odds)
        return Part(
            box=_within(crop, _share(self.grid.box(window), self.image.size)),
            nsfw=change.nsfw,
            log_odds=change.log_odds,
        )

    def _under(self, window: Place) -> set[Place]:
        """The windows side by side that one between them lies over."""
        return {(c - c % 2, r - r % 2) for c, r in self.grid.cells(window)}

    def _covered(self, window: Place) -> Image.Image:
        covered = self.image.copy()
        covered.paste(GREY, self.grid.box(window))
        return covered

    def _change(self, scores: Scores) -> Change:
        counting = self.detector.nsfw_labels
        return Change(
            nsfw=scores.nsfw,
            drop=self.original.nsfw - scores.nsfw,
            log_odds=log_odds(self.original, counting) - log_odds(scores, counting),
        )


def _crops(picture: Picture, worst: CropScores, side: int) -> tuple[Place, list[Crop]]:
    """The size of the frame, and the crop that scored worst, reduced, as it is scored fifty times.

    Two where the colours as stored are looked at both under transparency and without a profile.
    """
    pixels = picture.frame(worst.frame, side=side)
    found = [
        replace(crop, image=_reduced(crop.image, math.ceil(DRAFT_FACTOR * side)))
        for crop in cut(worst.frame, pixels)
        if (crop.tile, crop.ground) == (worst.tile, worst.ground)
    ]
    if not found:
        raise UnreadableImage(
            f"Frame {worst.frame} has no tile {worst.tile} that is {worst.ground.value}."
        )
    return pixels.colour.size, found


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """By a whole factor, as JPEGs are when they are decoded, to no less than ``side`` pixels along
    the shorter side: what the detector then makes of it hardly differs."""
    factor = min(image.size) // side
    return image.reduce(factor) if factor > 1 else image


def _share(box: Box, size: Place) -> Share:
    (left, upper, right, lower), (width, height) = box, size
    return left / width, upper / height, right / width, lower / height


def _within(outer: Share, inner: Share) -> Share:
    """``inner``, given in shares of ``outer``, in shares of what ``outer`` is given in."""
    left, upper = outer[0], outer[1]
    width, height = outer[2] - left, outer[3] - upper
    return (
        left + inner[0] * width,
        upper + inner[1] * height,
        left + inner[2] * width,
        upper + inner[3] * height,
    )
