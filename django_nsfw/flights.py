"""How many images one process decodes and scores at the same time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .exceptions import DetectorBusy

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
