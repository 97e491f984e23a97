"""A report on disk, whole or not at all."""

from contextlib import suppress
from pathlib import Path

from ..exceptions import EvaluationError


def require_writable(path: Path) -> None:
    """Raises ``EvaluationError`` where no file can be at ``path``: to be known before hours of
    scoring."""
    if path.is_dir():
        raise EvaluationError(f"{path} is a folder; name a file.")
    if path.exists() and not path.is_file():  # a device would be replaced, not written to
        raise EvaluationError(f"{path} is a device or a pipe; name a file.")
    if not path.parent.is_dir():
        raise EvaluationError(f"{path} cannot be written: there is no folder {path.parent}.")
    try:
        with _unfinished(path).open("wb"):
            pass
    except OSError as error:
        raise EvaluationError(f"{path} cannot be written: {error.strerror or error}.") from error
    _unfinished(path).unlink()


def write(path: Path, text: str) -> None:
    """Replace the file at ``path``. Raises ``EvaluationError``."""
    try:
        _unfinished(path).write_text(text, encoding="utf-8")
        _unfinished(path).replace(path.resolve())
    except OSError as error:
        raise EvaluationError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            _unfinished(path).unlink()


def _unfinished(path: Path) -> Path:
    """Beside the file itself, so that a link to it stays one."""
    path = path.resolve()
    return path.with_name(f".{path.name}.unfinished")
