"""Fetching many files from their storages, ahead of who scores them, in bounded memory."""

import hashlib
import io
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.core.files.storage import Storage
from django.db import connections
from django.utils import timezone

from ..bodies import CHUNK, Body

logger = logging.getLogger(__name__)

READERS = 8
"""Files that are fetched at the same time. An object store answers after some 50 ms."""

GROUP_FILES = 128
GROUP_BYTES = 64_000_000
"""What is looked up and recorded together, and as much of it is fetched ahead."""

ATTEMPTS = 2

MARGIN = timedelta(seconds=5)
"""By how much the clock of a storage may be behind; S3 counts whole seconds."""

POLL = 0.5
"""Seconds between two signs of life while a storage is waited for."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The bytes of a file, or why there are none. Of one over the limit, only its beginning.

    ``begun``: when reading it did.
    """

    sha256: str = ""
    size: int = 0
    body: io.BytesIO | None = None
    missing: bool = False
    error: str = ""
    begun: datetime | None = None

    @property
    def whole(self) -> "io.BytesIO | None":
        """All of its bytes, where they were kept."""
        return self.body if self.body is not None and self.weight == self.size else None

    def is_there_still(self, storage: Storage, name: str) -> bool:
        """Whether nobody has written the file since. False where the storage cannot tell."""
        try:
            changed = storage.get_modified_time(name)
            same = storage.size(name) == self.size
        except Exception:  # noqa: BLE001 - then it is read again, and says why it cannot be
            return False
        if timezone.is_naive(changed):
            changed = timezone.make_aware(changed)
        return same and self.begun is not None and changed < self.begun - MARGIN

    @property
    def weight(self) -> int:
        return self.body.getbuffer().nbytes if self.body is not None else 0


def fetch(storage: Storage, name: str, *, max_bytes: int) -> Fetched:
    """Read and digest one file; keep no more than ``max_bytes``. Tries twice, never raises."""
    error = ""
    for _ in range(ATTEMPTS):
        try:
            return _fetch(storage, name, max_bytes)
        except FileNotFoundError as missing:
            return Fetched(missing=True, error=str(missing) or "It is not in the storage.")
        except Exception as failure:
            logger.debug("%r cannot be read", name, exc_info=True)
            error = f"{type(failure).__name__}: {failure}"
    return Fetched(error=error)


def _fetch(storage: Storage, name: str, max_bytes: int) -> Fetched:
    with storage.open(name) as file:
        return take(file, max_bytes=max_bytes)


def take(file: Body, *, max_bytes: int) -> Fetched:
    """Read and digest an open file. Raises whatever its storage does."""
    hasher, size, body, begun = hashlib.sha256(), 0, io.BytesIO(), timezone.now()
    while piece := file.read(CHUNK):
        data = piece.encode() if isinstance(piece, str) else piece
        hasher.update(data)
        size += len(data)
        if size <= max_bytes + CHUNK:
            body.write(data)
    body.seek(0)
    return Fetched(sha256=hasher.hexdigest(), size=size, body=body, begun=begun)


Item = TypeVar("Item")


class Reader(Generic[Item]):
    """Groups of fetched files in the order that they were asked for.

    Between the group that was handed out and the next there are never more bytes than
    ``GROUP_BYTES`` and what ``READERS`` files have. ``tick`` is called while a storage takes its
    time.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        fetch_one: Callable[[Item], Fetched],
        tick: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._fetch = fetch_one
        self._tick = tick
        self._lock = threading.Lock()
        self._ahead: deque[tuple[Item, Future[Fetched]]] = deque()
        self._waiting: Iterator[Item] = iter(())
        self._weight = 0
        self._running = 0

    def groups(self, items: Iterable[Item]) -> Iterator[list[tuple[Item, Fetched]]]:
        self._waiting = iter(items)
        try:
            while True:
                group: list[tuple[Item, Fetched]] = []
                weight = 0
                while len(group) < GROUP_FILES and weight < GROUP_BYTES:
                    self._read_ahead()
                    if not self._ahead:
                        break
                    item, future = self._ahead[0]
                    while not wait([future], timeout=POLL).done:
                        self._tick()
                    fetched = future.result()
                    with self._lock:
                        self._ahead.popleft()
                        self._weight -= fetched.weight
                    group.append((item, fetched))
                    weight += fetched.weight
                if not group:
                    return
                self._read_ahead()
                yield group
        finally:
            with self._lock:
                self._waiting = iter(())
            for _, future in self._ahead:
                future.cancel()

    def _read_ahead(self) -> None:
        with self._lock:
            while (
                self._running < READERS
                and len(self._ahead) < GROUP_FILES
                and self._weight < GROUP_BYTES
                and (item := next(self._waiting, None)) is not None
            ):
                self._running += 1
                self._ahead.append((item, self._pool.submit(self._fetch_counted, item)))

    def _fetch_counted(self, item: Item) -> Fetched:
        try:
            fetched = self._fetch(item)
        finally:
            connections.close_all()  # of this thread: a storage may keep its files in a database
            with self._lock:
                self._running -= 1
        with self._lock:
            self._weight += fetched.weight
        self._read_ahead()
        return fetched
