"""Detectors that misbehave in the ways the handler must cope with."""

import threading
import time

from django_nsfw.detectors import Detector
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.scores import Scores


class Plain(Detector):
    labels = ("sfw", "nsfw")
    nsfw_labels = frozenset({"nsfw"})
    built = 0
    loaded = 0

    def __init__(self, *, name: str = "plain", score: float = 0.5) -> None:
        type(self).built += 1
        self.name = name
        self.score = score
        self.failing = False

    def load(self):
        type(self).loaded += 1
        self.identity = self.name

    def predict(self, images):
        if self.failing:
            raise DetectorUnavailable(f"{self.name} is down")
        return [Scores.of(self.labels, (1 - self.score, self.score), self.nsfw_labels)] * len(
            images
        )


class Slow(Plain):
    def load(self):
        time.sleep(0.2)
        super().load()


class Stuck(Plain):
    """Loads once ``go`` is set; ``started`` says that it began to."""

    started = threading.Event()
    go = threading.Event()

    def load(self):
        self.started.set()
        self.go.wait(10)
        super().load()


class Down(Plain):
    up = False

    def load(self):
        super().load()
        if not self.up:
            raise DetectorUnavailable(f"{self.name} cannot be had.")


class Raising(Plain):
    def load(self):
        raise RuntimeError("out of luck")


class Needy(Plain):
    def __init__(self, *, size: int, colour: str = "red") -> None:
        super().__init__()


class NoDetector:
    pass


class LongWinded(Plain):
    def load(self):
        self.identity = "i" * 256


class ByBrightness(Plain):
    """The score of a grey picture is how bright it is. ``batches`` are those it was asked in."""

    def __init__(self, *, name="bright", side=384, batch=8, inverted=False) -> None:
        super().__init__(name=name)
        self.input_side = side
        self.max_batch = batch
        self.inverted = inverted
        self.batches: list[int] = []

    def predict(self, images):
        super().predict(images)
        assert 0 < len(images) <= self.max_batch
        self.batches.append(len(images))
        levels = [image.getpixel((0, 0))[0] for image in images]
        scores = [(255 - level if self.inverted else level) / 255 for level in levels]
        return [Scores.of(self.labels, (1 - s, s), self.nsfw_labels) for s in scores]
