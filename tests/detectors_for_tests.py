"""A detector for tests in which the score is not the point, only what is done with it."""

import math
import threading

import numpy as np
from PIL import Image

from django_nsfw.detectors import Detector, Identity
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.scores import Scores


class ConstantDetector(Detector):
    """Gives every image the score that ``answer`` says now; counts what it was asked."""

    labels = ("sfw", "nsfw")
    nsfw_labels = frozenset({"nsfw"})
    answer: float | Exception = 0.0
    inferences = 0
    loads = 0
    _lock = threading.Lock()

    def load(self):
        type(self).loads += 1
        self.identity = str(
            Identity(model="constant", weights="0" * 64, engine="python", preprocessing="1")
        )

    def predict(self, images):
        with self._lock:
            type(self).inferences += len(images)
        if isinstance(self.answer, Exception):
            raise self.answer
        return [Scores.of(self.labels, [1 - self.answer, self.answer], self.nsfw_labels)] * len(
            images
        )


class RednessDetector(ConstantDetector):
    """Takes red for what it looks for."""

    def predict(self, images):
        reds = [image.resize((1, 1)).getpixel((0, 0))[0] / 255 for image in images]
        return [Scores.of(self.labels, [1 - red, red], self.nsfw_labels) for red in reds]


class ReddestDetector(ConstantDetector):
    """Scores the reddest spot of a picture, of a sixteenth of its sides: nothing else matters."""

    def predict(self, images):
        return [self.scores(self.redness(image)) for image in images]

    def redness(self, image):
        small = image.resize((16, 16), Image.Resampling.BOX)
        red, green, blue = np.moveaxis(np.asarray(small, float), 2, 0)
        return float((red - np.maximum(green, blue)).max().clip(0) / 255)

    def scores(self, redness):
        score = 0.05 + 0.9 * redness
        return Scores.of(self.labels, [1 - score, score], self.nsfw_labels)


class SaturatedDetector(ReddestDetector):
    """The same, as sure of itself as models are."""

    def scores(self, redness):
        odds = math.exp(4 + 10 * redness)
        return Scores.of(self.labels, [1 / (1 + odds), odds / (1 + odds)], self.nsfw_labels)


class CandidateDetector(ConstantDetector):
    """Another one, with a score and counters of its own."""

    def load(self):
        type(self).loads += 1
        self.identity = str(
            Identity(model="candidate", weights="1" * 64, engine="python", preprocessing="1")
        )


class BrokenDetector(Detector):
    """Never to be had, as a hub that is down."""

    def load(self):
        raise DetectorUnavailable("The model cannot be had: the hub is down.")

    def predict(self, images):
        raise AssertionError("never loaded")
