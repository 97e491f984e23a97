"""A detector that takes its time, and writes down what it looked at, in any number of processes."""

import hashlib
import os
import time
from pathlib import Path

from django_nsfw.detectors import Detector, Identity
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.scores import Scores


class PacedDetector(Detector):
    labels = ("sfw", "nsfw")
    nsfw_labels = frozenset({"nsfw"})
    max_batch = 4

    def __init__(self, *, folder: str) -> None:
        self._folder = Path(folder)

    def load(self):
        self.identity = str(
            Identity(model="paced", weights="0" * 64, engine="python", preprocessing="1")
        )

    def predict(self, images):
        if (self._folder / "dead").exists():
            raise DetectorUnavailable("The model is gone.")
        pace, answer = map(float, (self._folder / "detector").read_text().split())
        time.sleep(pace * len(images))
        seen = "".join(f"{hashlib.sha1(image.tobytes()).hexdigest()}\n" for image in images)  # noqa: S324
        log = os.open(self._folder / "seen", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(log, seen.encode())  # one write: lines of two processes never mix
        os.close(log)
        scores = Scores.of(self.labels, [1 - answer, answer], self.nsfw_labels)
        return [scores] * len(images)
