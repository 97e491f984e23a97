"""The folder that a run keeps its things in, beside the model that it is to become."""

import errno
import json
import os
import pickle
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from ..exceptions import TrainingRefused, TrainingStopped
from .locking import Taken, locked

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Workplace:
    """``.NAME.training`` beside the folder ``output``, so that renaming moves no bytes."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.folder = output.parent / f".{output.name}.training"
        self.settings = self.folder / "settings.json"
        self.hashes = self.folder / "hashes.jsonl"
        self.checkpoint = self.folder / "checkpoint.pt"
        self.draft = self.folder / "model"
        self.lock = output.parent / f".{output.name}.training.lock"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For one run at a time. Raises ``TrainingRefused`` where another one is at it."""
        if not self.output.parent.is_dir():
            raise TrainingRefused(f"There is no folder {self.output.parent}.")
        with ExitStack() as stack:
            try:
                with self.disk():
                    stack.enter_context(locked(self.lock))
            except Taken as owner:
                raise TrainingRefused(
                    f"A run for {self.output} is under way: {owner}. Wait for its end, or stop it "
                    "(Ctrl-C or SIGTERM: it keeps what was learnt) and go on with --resume."
                ) from owner
            yield

    def check(self, *, force: bool) -> None:
        """Raises ``TrainingRefused`` where a new run would lose something without ``force``, and
        with it where what it would replace is no model: a device, or a folder of models."""
        if self.output.exists() and not self.output.is_dir():
            raise TrainingRefused(f"{self.output} is no folder. Name another one.")
        if self.output.exists() and (inside := _folder_in(self.output)):
            raise TrainingRefused(
                f"{self.output} is no model: it has the folder {inside.name}. It is never "
                "replaced; name another folder."
            )
        if self.output.exists() and not force:
            raise TrainingRefused(
                f"{self.output} exists. Name another folder, or give --force to have it replaced "
                "once the new model is done."
            )
        if self.settings.exists() and not force:
            raise TrainingRefused(
                f"A run for {self.output} was begun. Go on with it with --resume, or give --force "
                "to begin anew."
            )

    def begin(self, settings: Mapping[str, Any]) -> None:
        """A new run, in place of one that was begun."""
        self.abandon()
        with self.disk():
            self.folder.mkdir()
            self._write(self.settings, json.dumps(settings, indent=1).encode())

    def abandon(self) -> None:
        """Nothing of the run is left."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def resumed(self) -> dict[str, Any]:
        """The settings of the run that was begun. Raises ``TrainingRefused`` without one."""
        try:
            settings: dict[str, Any] = json.loads(self.settings.read_text())
        except FileNotFoundError:
            done = " It is finished." if self.output.exists() else ""
            raise TrainingRefused(
                f"There is no run for {self.output} to go on with.{done} Leave out --resume to "
                "begin one."
            ) from None
        except ValueError as error:
            raise TrainingRefused(
                f"{self.settings} cannot be read ({error}). Give --force to begin anew."
            ) from error
        return settings

    def save(self, state: Mapping[str, Any]) -> None:
        """The checkpoint, in place of the one before once it is whole."""
        buffer = BytesIO()  # torch writes to a full disk with an error that does not say so
        torch.save(dict(state), buffer)
        with self.disk():
            self._write(self.checkpoint, buffer.getbuffer())

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """The checkpoint; None where the run was killed before the first. Raises
        ``TrainingRefused`` for one that cannot be read."""
        if not self.checkpoint.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(
                self.checkpoint, map_location=device, weights_only=True
            )
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            (reason, *_) = (str(error) or type(error).__name__).splitlines()
            raise TrainingRefused(
                f"{self.checkpoint} cannot be read ({reason}). Give --force to begin anew."
            ) from error
        return state

    def publish(self, files: Mapping[str, bytes], *, replace: bool) -> None:
        """The model folder with these files, under its name. The run is over then."""
        with self.disk():
            shutil.rmtree(self.draft, ignore_errors=True)
            self.draft.mkdir()
            for name, content in files.items():
                self._write(self.draft / name, content)
            if self.output.exists():
                if not replace:
                    raise TrainingStopped(f"{self.output} exists by now. Move it away.")
                self.output.replace(self.folder / "before")
            self.draft.replace(self.output)
            _sync(self.output.parent)
        shutil.rmtree(self.folder)

    @contextmanager
    def disk(self) -> Iterator[None]:
        """What is written here may find the disk full, or be forbidden."""
        try:
            yield
        except OSError as error:
            what, way = f"{error.filename or self.folder} cannot be written: {error.strerror}.", ""
            if error.errno in FULL:
                what = f"There is no space left for {self.folder} ({error.strerror})."
                way = " Make room."
            if not self.settings.exists():
                self.abandon()
                raise TrainingRefused(f"{what}{way}") from error
            kept = " The checkpoint before is whole." if self.checkpoint.exists() else ""
            raise TrainingStopped(f"{what}{kept}{way}") from error

    def _write(self, path: Path, content: "bytes | memoryview") -> None:
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(path.parent)


def _folder_in(folder: Path) -> Path | None:
    return next((path for path in sorted(folder.iterdir()) if path.is_dir()), None)


def _sync(folder: Path) -> None:
    """A rename is on the disk once its folder is."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
