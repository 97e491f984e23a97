"""Detectors whose scores a test knows: no two have the same identity."""

from django_nsfw.detectors import Identity
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.scores import Scores
from tests.detectors_for_tests import RednessDetector


class Redness(RednessDetector):
    """Scores a picture by how red it is."""

    def load(self):
        self.identity = str(
            Identity(model="redness", weights="1" * 64, engine="python", preprocessing="1")
        )


class Blueness(Redness):
    """Scores a picture by how red it is not."""

    def load(self):
        self.identity = str(
            Identity(model="blueness", weights="2" * 64, engine="python", preprocessing="1")
        )

    def predict(self, images):
        reds = [score.nsfw for score in super().predict(images)]
        return [Scores.of(self.labels, [red, 1 - red], self.nsfw_labels) for red in reds]


class Dying(Redness):
    """Loads, and answers nothing."""

    def load(self):
        self.identity = "dying"

    def predict(self, images):
        raise DetectorUnavailable("The server does not answer.")


class Fickle(Redness):
    """Becomes another one with its first picture."""

    def load(self):
        self.identity = "first"

    def predict(self, images):
        self.identity = "second"
        return super().predict(images)


DETECTORS = {
    "default": {"BACKEND": "tests.evaluation.detectors.Redness"},
    "blueness": {"BACKEND": "tests.evaluation.detectors.Blueness"},
    "broken": {"BACKEND": "tests.detectors_for_tests.BrokenDetector"},
    "dying": {"BACKEND": "tests.evaluation.detectors.Dying"},
    "fickle": {"BACKEND": "tests.evaluation.detectors.Fickle"},
}
