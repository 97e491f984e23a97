"""A detector that goes by the colour of a picture and leaves a trace of the process it is in."""

import os
import time
from pathlib import Path

from django_nsfw.detectors import Detector, Identity
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.scores import Scores


class ByColour(Detector):
    """Red is suspicious, black has the detector fail. Blue has it wait for the file ``go``, to be
    killed meanwhile: the folder ``at_work`` has the ids of the processes that came so far."""

    labels = ("sfw", "nsfw")
    nsfw_labels = frozenset({"nsfw"})

    def __init__(self, *, folder, model="colour", **options):
        super().__init__(**options)
        self.model = model
        self.folder = Path(folder)

    def load(self):
        self._leave_trace("loads")
        self.identity = str(
            Identity(model=self.model, weights="0" * 64, engine="python", preprocessing="1")
        )

    def predict(self, images):
        return [self._score(image) for image in images]

    def _score(self, image):
        red, green, blue = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
        if not red + green + blue:
            raise DetectorUnavailable("Nothing to be seen.")
        if blue > red + green:
            self._leave_trace("at_work")
            while not (self.folder / "go").exists():
                time.sleep(0.02)
        nsfw = 0.9 if red > green + blue else 0.1
        return Scores.of(self.labels, [1 - nsfw, nsfw], self.nsfw_labels)

    def _leave_trace(self, where):
        (self.folder / where).mkdir(exist_ok=True)
        (self.folder / where / str(os.getpid())).touch()
