"""What scores an image, and how many one process decodes and scores at the same time."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from .detectors import Detector, detectors
from .exceptions import DetectorBusy
from .limits import Limits

if TYPE_CHECKING:
    from .images import Picture

_flights: dict[int, threading.BoundedSemaphore] = {}

if hasattr(os, "register_at_fork"):  # a thread of the parent would never give its place back
    os.register_at_fork(after_in_child=_flights.clear)


@contextmanager
def in_flight(limit: int, timeout: float) -> Iterator[None]:
    semaphore = _flights.setdefault(limit, threading.BoundedSemaphore(limit))
    if not semaphore.acquire(timeout=timeout):
        raise DetectorBusy(f"{limit} images were in flight for {timeout:g} s.")
    try:
        yield
    finally:
        semaphore.release()


class Means:
    """What scores a file, and when it is its turn. A rescan, which has many at once, has others."""

    def __init__(self, alias: str, limits: Limits) -> None:
        self.alias = alias
        self.limits = limits
        self.timeout = limits.timeout

    def detector(self) -> Detector:
        return detectors[self.alias]

    def turn(self, picture: "Picture") -> AbstractContextManager[None]:
        return in_flight(self.limits.max_in_flight, self.timeout)
