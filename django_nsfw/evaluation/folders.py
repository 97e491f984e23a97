"""A folder with ``sfw/`` and ``nsfw/`` in it, and anything below them."""

import os
from collections.abc import Iterator
from pathlib import Path

from ..exceptions import EvaluationError
from .labelled_files import LabelledFile, LeftOut, named, shown

LABELS = {"sfw": False, "nsfw": True}

LINK = "A link to a folder; these are not followed."


def in_folder(path: Path) -> tuple[list[LabelledFile], list[LeftOut]]:
    """Every file below ``sfw/`` and ``nsfw/``, in any capitals, by name; and what is left out.

    The folder below a label that a file is in, where it is in one, is its ``source``. Links to
    folders are not followed: they may lead in a circle. Raises ``EvaluationError`` where ``path``
    holds anything else but hidden files, which systems leave everywhere.
    """
    left_out: list[LeftOut] = []
    folders: list[tuple[Path, bool]] = []
    strange = []
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        raise EvaluationError(f"{path}: {error.strerror or error}") from error
    for entry in entries:
        if entry.name.lower() in LABELS and entry.is_dir():
            folders.append((entry, LABELS[entry.name.lower()]))
        elif entry.name.startswith("."):
            left_out.append(LeftOut(name=shown(entry.name), reason="Hidden, beside the labels."))
        else:
            strange.append(shown(entry.name) + ("/" if entry.is_dir() else ""))
    if strange or not folders:
        has = f"has {named(strange, ', ')}" if strange else "has neither"
        raise EvaluationError(
            f"{path} {has}. A labelled folder has the folders sfw/ and nsfw/ and nothing beside "
            "them; other shapes can be told in a manifest (.csv, .parquet, .jsonl)."
        )
    files = [file for folder, nsfw in folders for file in _below(folder, path, nsfw, left_out)]
    return files, left_out


def _below(folder: Path, top: Path, nsfw: bool, left_out: list[LeftOut]) -> Iterator[LabelledFile]:
    def refused(error: OSError) -> None:
        name = _within(Path(error.filename), top)
        left_out.append(LeftOut(name=name, reason=error.strerror or str(error)))

    for parent, below, names in os.walk(folder, onerror=refused):
        below.sort()
        links = [link for name in below if (link := Path(parent, name)).is_symlink()]
        left_out += [LeftOut(name=_within(link, top), reason=LINK) for link in links]
        for name in sorted(names):
            path = Path(parent, name)
            inside = path.relative_to(folder).parts
            yield LabelledFile(
                path=path,
                name=_within(path, top),
                nsfw=nsfw,
                source=shown(inside[0]) if len(inside) > 1 else "",
            )


def _within(path: Path, top: Path) -> str:
    return shown(path.relative_to(top).as_posix())
