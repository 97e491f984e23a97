"""A detector that does not answer before it is told to."""

import threading

from tests.detectors_for_tests import RednessDetector

PATIENCE = 50
"""Seconds: less than the time that a picture has."""


class PatientDetector(RednessDetector):
    told = threading.Event()
    told.set()
    waiting = 0

    def predict(self, images):
        cls = type(self)
        with self._lock:
            cls.waiting += 1
        try:
            if not self.told.wait(PATIENCE):
                raise TimeoutError("nobody has told the detector to go on")
            return super().predict(images)
        finally:
            with self._lock:
                cls.waiting -= 1
