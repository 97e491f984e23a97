"""A site of real processes on one database: the web process, and workers that can be killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[3]
SECONDS = 60
"""How long anything may take that should happen at once: the machine may be busy."""

_seed = count(1)


def eventually(condition):
    """The first true thing that ``condition`` returns."""
    until = time.monotonic() + SECONDS
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"did not happen within {SECONDS} s")
        time.sleep(0.05)
    return found


class Site:
    """``settings`` are laid over those of the project; they go to every process of the site."""

    def __init__(self, folder, template, **settings):
        self.folder = folder
        (folder / "uploads").mkdir(parents=True)
        if template.exists():
            shutil.copyfile(template, folder / "db.sqlite3")
        self.environment = environment(folder, settings)
        self._log = (folder / "log").open("wb")
        self._workers = []
        self._web = self._start(
            "-W", "error", "-m", "tests.background.project.web",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def _start(self, *arguments, **pipes):
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            start_new_session=True,  # a worker and its children are killed together
            **{"stdin": subprocess.DEVNULL, "stdout": self._log, "stderr": self._log, **pipes},
        )

    def ask(self, do, *arguments, **asked):
        names = {"upload": ("path",), "look": ("pk",), "age": ("pk", "seconds")}.get(do, ())
        line = json.dumps({"do": do, **dict(zip(names, arguments, strict=True)), **asked})
        self._web.stdin.write(line.encode() + b"\n")
        self._web.stdin.flush()
        answer = self._web.stdout.readline()
        assert answer, self.log
        return json.loads(answer)

    def upload(self, body, **how):
        """Have a picture uploaded, of a colour or of given bytes; the key of its object."""
        return self.ask("upload", self.drawn(body), **how)

    def drawn(self, body):
        """The path of a file with it."""
        number = next(_seed)
        path = self.folder / "uploads" / f"{number}.png"
        if isinstance(body, bytes):
            path.write_bytes(body)
        else:
            image = Image.new("RGB", (96, 64), body)
            image.putpixel((number % 96, 0), (255, 255, 255))  # other bytes each time
            image.save(path)
        return str(path)

    def look(self, pk):
        return self.ask("look", pk)

    def settled(self, pk):
        """How it stands once a worker is done with it."""
        return eventually(lambda: (found := self.look(pk))["score"] is not None and found)

    def traces(self, where):
        """Ids of the processes that left a trace there."""
        folder = self.folder / where
        return {int(path.name) for path in folder.iterdir()} if folder.exists() else set()

    def clear_traces(self, where):
        for pid in self.traces(where):
            (self.folder / where / str(pid)).unlink()

    @contextmanager
    def worker(self, command):
        """A worker, ended in the end."""
        process = self._start(*command)
        self._workers.append(process)
        try:
            yield process
        finally:
            kill(process)

    def manage(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    @property
    def pid(self):
        return self._web.pid

    @property
    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def close(self):
        for process in (*self._workers, self._web):
            kill(process)
        with suppress(BrokenPipeError):
            self._web.stdin.close()
        self._web.stdout.close()
        self._log.close()


def kill(process):
    """With its children, and without a word."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def environment(folder, settings):
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.background.project.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "SITE_DATABASE": f"engines_{os.getpid()}",
        "SITE_FOLDER": str(folder),
        "SITE_SETTINGS": json.dumps(settings),
        "TMPDIR": str(folder),
    }


@contextmanager
def database(folder):
    """With every table, and empty. Sites copy its file, or have it one after the other."""
    command = [sys.executable, "-m", "tests.background.project.database"]
    run = partial(subprocess.run, cwd=ROOT, env=environment(folder, {}), check=True)
    run([*command, "make"])
    yield folder / "db.sqlite3"
    run([*command, "drop"])
