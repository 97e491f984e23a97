"""The latest assessments of this process: the second caller for the same bytes pays nothing."""

import os
import threading
from collections import OrderedDict

from .scores import Assessment

ENTRIES = 256


class Memo:
    """Assessments by (sha256, detector identity)."""

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self.renew()

    def renew(self) -> None:
        """Empty, with a lock that nobody has: one that another thread of the parent of a fork
        held would never be released in the child."""
        self._kept: OrderedDict[tuple[str, str], Assessment] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sha256: str, detector: str) -> Assessment | None:
        with self._lock:
            kept = self._kept.get((sha256, detector))
            if kept is not None:
                self._kept.move_to_end((sha256, detector))
            return kept

    def put(self, assessment: Assessment) -> None:
        with self._lock:
            self._kept[assessment.sha256, assessment.detector] = assessment
            while len(self._kept) > self._entries:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


memo = Memo(ENTRIES)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=memo.renew)
