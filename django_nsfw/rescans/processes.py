"""Several workers on this machine, each a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings

from ..exceptions import RescanRefused, RescanStopped
from ..models import Run
from . import claims, runs, workers

EXIT_STOPPED, EXIT_INTERRUPTED = 3, 130

_CHILD = (
    "import sys, django; django.setup(); "
    "from django_nsfw.rescans.processes import take_part; "
    "sys.exit(take_part(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))"
)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A worker that is gone. ``reason`` is empty where it left as it should."""

    pid: int
    reason: str


class LocalWorkers:
    """``number`` processes at one run. They stop when this process does, or is killed."""

    def __init__(self, run: Run, number: int) -> None:
        self._run = run
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for _ in range(number):
            name = workers.worker_name()
            call = [sys.executable, "-c", _CHILD, str(run.pk), name, str(os.getpid())]
            # In a session of their own: a Ctrl-C is passed on to them, and not had twice.
            self._running[name] = subprocess.Popen(call, env=environment, start_new_session=True)  # noqa: S603

    @property
    def pids(self) -> list[int]:
        return [child.pid for child in self._running.values()]

    def ended(self) -> Iterator[Ended]:
        """Those that have ended since the last call. What a dead one had, others may claim."""
        for name, child in list(self._running.items()):
            code = child.poll()
            if code is None:
                continue
            del self._running[name]
            if code not in (0, EXIT_INTERRUPTED, EXIT_STOPPED):
                claims.bury(self._run, name)
            yield Ended(pid=child.pid, reason=_reason(code))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        for child in self._running.values():
            child.send_signal(how)

    def __bool__(self) -> bool:
        return bool(self._running)


def take_part(pk: int, worker: str, parent: int) -> int:
    """What a child does; returns its exit code."""
    with stopping() as stop:
        try:
            workers.work(
                runs.find(pk), worker=worker, stop=lambda: stop() or os.getppid() != parent
            )
        except RescanRefused:
            return 0  # the others have finished it
        except RescanStopped as died:
            print(died, file=sys.stderr)
            return EXIT_STOPPED
        except KeyboardInterrupt:
            return EXIT_INTERRUPTED
        return EXIT_INTERRUPTED if stop() else 0


class stopping:  # noqa: N801 - reads as a statement
    """Ctrl-C and SIGTERM ask to stop; a second one stops at once, with ``KeyboardInterrupt``."""

    def __init__(self, said: Callable[[], Any] = lambda: None) -> None:
        self._said = said
        self._asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Callable[[], bool]:
        for name in (signal.SIGINT, signal.SIGTERM):
            try:
                self._before[name] = signal.signal(name, self._ask)
            except ValueError:  # not in the main thread: whoever started it stops it otherwise
                break
        return lambda: self._asked

    def __exit__(self, *exc_info: object) -> None:
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        self._said()


def _reason(code: int) -> str:
    if code in (0, EXIT_INTERRUPTED):
        return ""
    if code == EXIT_STOPPED:
        return "stopped: its detector or a storage does not answer"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}; others do what it had"
    return f"ended with exit code {code}; others do what it had"
