"""The threads and detectors of one worker, for as many chunks as it does."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from django.core.exceptions import ImproperlyConfigured

from ..assessment import Wanted, assess_bytes
from ..conf import nsfw_settings
from ..detectors import Detector, detectors
from ..exceptions import DetectorDied, DetectorUnavailable, StorageDied
from ..scores import Assessment
from .batching import Batcher, PixelBudget, SharedMeans
from .reading import READERS, Fetched

logger = logging.getLogger(__name__)

MOST_THREADS = 64

MOST_FAILURES = 20
"""Files in a row that cannot be read, or cannot be moved, after which it is not the files."""

PAUSES = (1.0, 2.0, 4.0)
"""Seconds between the questions whether a detector that failed answers again."""


class Workshop:
    """Made once a worker: pools of threads, and a batcher for every detector that is asked for."""

    def __init__(self) -> None:
        self.limits = nsfw_settings.limits
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="nsfw-read")
        self._budget = PixelBudget(self.limits.max_pixels_in_flight)
        self._benches: dict[str, _Bench] = {}
        self._failures: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.readers.shutdown(cancel_futures=True)
        for bench in self._benches.values():
            bench.close()

    def identity(self, alias: str) -> str:
        """Loads the detector. Raises ``DetectorDied`` where it cannot be had."""
        return self._bench(alias).detector.identity

    def submit(
        self, alias: str, fetched: Fetched, wanted: Wanted, recalled: Assessment | None
    ) -> "Future[Assessment]":
        bench = self._bench(alias)
        return bench.pool.submit(_assess, fetched, bench.means, wanted, recalled)

    def answers(self, alias: str) -> bool:
        """Whether the detector scores a plain picture: one it cannot take is none of its deaths."""
        return _ask(self._bench(alias).detector) is None

    def wait_for_answer(self, alias: str, tick: Callable[[], None]) -> None:
        """Ask a detector that failed again, and ``tick`` in between. Raises ``DetectorDied``."""
        error: Exception | None = None
        for pause in PAUSES:
            tick()
            time.sleep(pause)
            error = _ask(self._bench(alias).detector)
            if error is None:
                return
            logger.warning("The detector %r does not answer: %s", alias, error)
        raise DetectorDied(f"The detector {alias!r} stopped answering: {error}")

    def storage_said(self, deed: str, error: str) -> None:
        """Of one file; empty where all went well. ``deed``: "read" or "moved". Raises
        ``StorageDied`` where storages fail and fail."""
        self._failures[deed] = self._failures[deed] + 1 if error else 0
        if self._failures[deed] >= MOST_FAILURES:
            raise StorageDied(
                f"{self._failures[deed]} files in a row could not be {deed}, the last because of "
                f"{error.rstrip('.')}."
            )

    def _bench(self, alias: str) -> "_Bench":
        if alias not in self._benches:
            try:
                self._benches[alias] = _Bench(alias, detectors[alias], self)
            except (DetectorUnavailable, ImproperlyConfigured) as error:
                raise DetectorDied(str(error)) from error
        return self._benches[alias]

    @property
    def budget(self) -> PixelBudget:
        return self._budget


class _Bench:
    """One detector and who works for it: as many threads as fill one batch while one is scored."""

    def __init__(self, alias: str, detector: Detector, workshop: Workshop) -> None:
        self.detector = detector
        self.batcher = Batcher(detector)
        self.means = SharedMeans(alias, workshop.limits, self.batcher, workshop.budget)
        threads = min(max(2 * detector.max_batch, 4), MOST_THREADS)
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="nsfw-score")

    def close(self) -> None:
        self.pool.shutdown(cancel_futures=True)
        self.batcher.close()


def _assess(
    fetched: Fetched, means: SharedMeans, wanted: Wanted, recalled: Assessment | None
) -> Assessment:
    assert fetched.body is not None  # noqa: S101 - what was not read is not submitted
    return assess_bytes(
        fetched.body,
        sha256=fetched.sha256,
        size=fetched.size,
        means=means,
        wanted=wanted,
        recall=None if recalled is None else lambda sha256, identity: recalled,
    )


def _ask(detector: Detector) -> Exception | None:
    from PIL import Image

    try:
        detector.predict([Image.new("RGB", (64, 64), "gray")])
    except Exception as error:  # noqa: BLE001 - said to the operator
        return error
    return None
