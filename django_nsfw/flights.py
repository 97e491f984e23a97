"""What scores an image, and how many one process decodes and scores at the same time."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from .detectors import Detector, detectors
from .exceptions import DetectorBusy
from .limits import Limits

if TYPE_CHECKING:
    from .images import Picture

_flights: dict[int, threading.BoundedSemaphore] = {}

_threads: dict[int, ThreadPoolExecutor] = {}


def _forget() -> None:
    """In a child: threads of the parent would never give a place back, nor take an image on."""
    _flights.clear()
    _threads.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def threads(limit: int) -> ThreadPoolExecutor:
    """Where coroutines have their images decoded and scored, as many as may be in flight."""
    fresh = ThreadPoolExecutor(limit, thread_name_prefix="nsfw")  # starts no thread yet
    return _threads.setdefault(limit, fresh)


@contextmanager
def in_flight(limit: int, timeout: float, *, waited: float = 0.0) -> Iterator[None]:
    """``waited``: how many seconds of ``timeout`` have passed already."""
    semaphore = _flights.setdefault(limit, threading.BoundedSemaphore(limit))
    if waited > timeout or not semaphore.acquire(timeout=timeout - waited):
        raise DetectorBusy(f"{limit} images were in flight for {timeout:g} s.")
    try:
        yield
    finally:
        semaphore.release()


class Means:
    """What scores a file, and when it is its turn. A rescan, which has many at once, has others.

    ``waited``: how many seconds it has waited for that already.
    """

    def __init__(self, alias: str, limits: Limits, *, waited: float = 0.0) -> None:
        self.alias = alias
        self.limits = limits
        self.timeout = limits.timeout
        self.waited = waited

    def detector(self) -> Detector:
        return detectors[self.alias]

    def turn(self, picture: "Picture") -> AbstractContextManager[None]:
        return in_flight(self.limits.max_in_flight, self.timeout, waited=self.waited)
