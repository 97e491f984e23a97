"""Storages that fail: one file of one, or one altogether."""

import time
from collections import Counter

from django.core.files.storage import FileSystemStorage


class TornStorage(FileSystemStorage):
    def _open(self, name, mode="rb"):
        if name == "torn.jpg":
            raise OSError("the disk is torn")
        return super()._open(name, mode)


class DownStorage(FileSystemStorage):
    """Answers nothing while ``down``, and later than it should by ``seconds``."""

    down = False
    seconds = 0.0
    opened: Counter[str] = Counter()

    def _open(self, name, mode="rb"):
        self.opened[name] += 1
        time.sleep(self.seconds)
        if self.down:
            raise OSError("no route to host")
        return super()._open(name, mode)

    def _save(self, name, content):
        if self.down:
            raise OSError("no route to host")
        return super()._save(name, content)
