"""One detector for many files at once: their crops meet in full batches."""

import math
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..detectors import Detector
from ..detectors.delegating import Delegating
from ..flights import Means
from ..limits import Limits
from ..scores import Scores

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..images import Picture

LINGER = 0.002
"""Seconds for which a batch that is not full waits for what is about to be decoded."""


class Batcher(Delegating):
    """A detector for many threads, of which one asks the real one.

    A batch goes when it is full, or when nobody is decoding who could fill it. Where a batch
    fails, each file is asked for alone: one that no detector can take does not fail the others.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._changed = threading.Condition()
        self._waiting: deque[_Request] = deque()
        self._busy = 0
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="nsfw-batches", daemon=True)
        self._thread.start()

    def load(self) -> None:
        """It was loaded by who made this."""

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """Around what decodes, and asks for a score in between."""
        self._count(+1)
        try:
            yield
        finally:
            self._count(-1)

    def predict(self, images: "Sequence[Image]") -> list[Scores]:
        request = _Request(images)
        with self._changed:
            self._waiting.append(request)
            self._busy -= 1
            self._changed.notify_all()
        request.done.wait()
        if request.error is not None:
            raise request.error
        return request.scores

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _count(self, change: int) -> None:
        with self._changed:
            self._busy += change
            self._changed.notify_all()

    def _serve(self) -> None:
        while (batch := self._next()) is not None:
            _answer(self._detector, batch)
            with self._changed:
                # Before they run on: they are decoding again from this moment.
                self._busy += len(batch)
                for request in batch:
                    request.done.set()

    def _next(self) -> "list[_Request] | None":
        with self._changed:
            while not self._closed and not self._is_full():
                if self._waiting and self._busy == 0:
                    self._changed.wait_for(lambda: self._busy > 0 or self._is_full(), LINGER)
                    if self._busy == 0:
                        break
                    continue
                self._changed.wait()
            if not self._waiting:
                return None
            batch = [self._waiting.popleft()]
            size = len(batch[0].images)
            while self._waiting and size + len(self._waiting[0].images) <= self.max_batch:
                batch.append(self._waiting.popleft())
                size += len(batch[-1].images)
            return batch

    def _is_full(self) -> bool:
        return sum(len(request.images) for request in self._waiting) >= self.max_batch


class _Request:
    """The crops of one file that are scored together, and what became of them."""

    def __init__(self, images: "Sequence[Image]") -> None:
        self.images = images
        self.scores: list[Scores] = []
        self.error: BaseException | None = None
        self.done = threading.Event()


def _answer(detector: Detector, batch: list[_Request]) -> None:
    try:
        scores = detector.predict([image for request in batch for image in request.images])
        if len(scores) != sum(len(request.images) for request in batch):
            raise ValueError(f"{len(scores)} scores for another number of images")
    except Exception as error:  # noqa: BLE001 - raised again where the file is
        if len(batch) == 1:
            batch[0].error = error
            return
        for request in batch:
            _answer(detector, [request])
        return
    at = 0
    for request in batch:
        request.scores = scores[at : at + len(request.images)]
        at += len(request.images)


class PixelBudget:
    """Bounds the pixels that are decoded at one time. First come, first served.

    A picture over the whole budget goes when there is no other.
    """

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self._taken = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def taking(self, pixels: int) -> Iterator[None]:
        ticket: Any = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(lambda: self._queue[0] is ticket and self._fits(pixels))
            self._queue.popleft()
            self._taken += pixels
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify_all()

    def _fits(self, pixels: int) -> bool:
        return self._taken == 0 or self._taken + pixels <= self._pixels


class SharedMeans(Means):
    """A batcher and a budget in place of a detector and a number of images.

    ``NSFW_LIMITS["timeout"]`` is for who waits for an upload; here nobody does, and every picture
    is bounded by its pixels.
    """

    def __init__(self, alias: str, limits: Limits, batcher: Batcher, budget: PixelBudget) -> None:
        super().__init__(alias, limits)
        self.timeout = math.inf
        self._batcher = batcher
        self._budget = budget

    def detector(self) -> Detector:
        return self._batcher

    @contextmanager
    def turn(self, picture: "Picture") -> Iterator[None]:
        at_once = min(picture.frames, self.limits.max_frames_scored, self._batcher.max_batch)
        pixels = picture.width * picture.height * max(at_once, 1)
        with self._budget.taking(pixels), self._batcher.decoding():
            yield
