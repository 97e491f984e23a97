"""The first of several detectors that can be had."""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from django.core.exceptions import ImproperlyConfigured
from PIL.Image import Image

from ..conf import nsfw_settings
from ..exceptions import DetectorUnavailable
from ..scores import Scores
from . import handler, membership, options
from .base import Detector
from .delegating import Delegating

logger = logging.getLogger(__name__)


class FallbackDetector(Delegating):
    """Scores with the first of the aliases ``detectors`` that can be had.

    ``identity``, ``labels`` and ``input_side`` are those of the detector in use. One that fails is
    left for the next; whoever reads ``identity`` before and after ``predict`` sees it change.
    An alias that failed is barred for ``RETRY_AFTER`` or as long as two assessments can last,
    whichever is longer: an assessment that saw a change never reads the first identity again at
    its end. After that the preferred ones are tried again, when ``identity`` is read and by one
    thread at a time.
    """

    def __init__(self, *, detectors: Sequence[str]) -> None:
        self._aliases = options.names("detectors", detectors)
        if not self._aliases:
            raise ImproperlyConfigured("'detectors' names no alias.")
        for alias in self._aliases:
            membership.require_member("detectors", alias)
        self._lock = threading.Lock()
        self._current: tuple[str, Detector] | None = None
        self._barred: dict[str, tuple[float, str]] = {}

    @property
    def identity(self) -> str:  # type: ignore[override]
        self._try_preferred()
        return self._detector.identity

    @property
    def in_use(self) -> str:
        """The alias of the detector in use, empty before ``load()``."""
        return self._current[0] if self._current else ""

    def load(self) -> None:
        with self._lock:
            self._take_first()

    def predict(self, images: Sequence[Image]) -> list[Scores]:
        while True:
            alias, detector = self._loaded()
            try:
                return detector.predict(images)
            except DetectorUnavailable as error:
                logger.warning("NSFW detector %r failed, trying the next: %s", alias, error)
                with self._lock:
                    self._bar(alias, error)
                    if self.in_use == alias:  # Or else another thread has moved on already.
                        self._take_first()

    @property
    def _detector(self) -> Detector:  # type: ignore[override]
        return self._loaded()[1]

    def _loaded(self) -> tuple[str, Detector]:
        if self._current is None:
            raise DetectorUnavailable("The detector was not loaded before its first use.")
        return self._current

    def _take_first(self) -> None:
        """Use the first alias that is not barred and can be loaded."""
        for alias in self._aliases:
            if self._is_barred(alias):
                continue
            try:
                self._current = alias, handler.detectors[alias]
                return
            except DetectorUnavailable as error:
                self._bar(alias, error)
        told = " ".join(f"{alias!r}: {cause}" for alias, (_, cause) in self._barred.items())
        raise DetectorUnavailable(f"None of the detectors can be had. {told}")

    def _try_preferred(self) -> None:
        preferred = self._aliases[: self._aliases.index(self._loaded()[0])]
        if all(map(self._is_barred, preferred)) or not self._lock.acquire(blocking=False):
            return
        try:
            with suppress(DetectorUnavailable):  # Then predict() says so.
                self._take_first()
        finally:
            self._lock.release()

    def _bar(self, alias: str, error: DetectorUnavailable) -> None:
        wait = max(handler.RETRY_AFTER, 2 * nsfw_settings.limits.timeout)
        self._barred[alias] = time.monotonic() + wait, str(error)

    def _is_barred(self, alias: str) -> bool:
        until, _ = self._barred.get(alias, (0.0, ""))
        return time.monotonic() < until
