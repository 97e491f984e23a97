"""A manifest of labelled pictures: CSV, Parquet or JSON lines, a row a file."""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..exceptions import EvaluationError
from ..manifests import files
from .labelled_files import LabelledFile, LeftOut, shown

COLUMNS = ("path", "label", "source", "field", "weight")
"""``path``: of the file, from the folder of the manifest. ``label``: see ``NSFW`` and ``SFW``; the
others may be absent or empty. ``field``: ``"app_label.Model.field"``. ``weight``: of how many
pictures this is one; 1 where it does not say."""

NEEDED = ("path", "label")

NSFW = ("nsfw", "unsafe", "explicit", "true", "yes", "1")
SFW = ("sfw", "safe", "neutral", "false", "no", "0")
"""Words that a label may be, in any capitals, and the numbers and truth values of Parquet and
JSON that read so."""

SUFFIXES = (".csv", *files.SUFFIXES)

NAMED = 10
"""Rows that an error names."""


def in_table(path: Path) -> tuple[list[LabelledFile], list[LeftOut]]:
    """The files that a manifest lists, in its order. Nothing is left out by now.

    Raises ``EvaluationError`` where the manifest cannot be read, has unknown columns, lacks one of
    ``NEEDED``, or where a row says nothing that can be understood; it names all such rows.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise EvaluationError(
            f"{path} is no folder, and no manifest: its name must end in one of "
            f"{', '.join(SUFFIXES)}."
        )
    found: list[LabelledFile] = []
    wrong: list[str] = []
    for where, row in _rows(path):
        try:
            found.append(_file(row, path.parent))
        except ValueError as error:
            wrong.append(f"{where}: {error}")
    if wrong:
        more = f"\n… and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
        raise EvaluationError(
            f"{path} has {len(wrong)} {'row' if len(wrong) == 1 else 'rows'} that cannot be "
            "understood:\n" + "\n".join(wrong[:NAMED]) + more
        )
    return found, []


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where each row stands, and the row, whose columns are known ones."""
    try:
        rows = _csv_rows(path) if path.suffix.lower() == ".csv" else files.read(path)
        for where, row in rows:
            if isinstance(row, str):
                raise EvaluationError(f"{path}, {where}: {row}.")
            _require_columns(path, where, row)
            yield where, row
    except files.ManifestError as error:
        raise EvaluationError(str(error)) from error
    except OSError as error:
        raise EvaluationError(f"{path}: {error.strerror or error}") from error


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any] | str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:  # Excel begins with a mark
            rows = csv.reader(stream, strict=True)
            header = next(rows, [])
            if doubled := sorted({name for name in header if header.count(name) > 1}):
                yield "line 1", f"the column {doubled[0]!r} is there twice"
            _require_columns(path, "line 1", dict.fromkeys(header))
            for cells in rows:
                if not cells:
                    continue  # an empty line
                where = f"line {rows.line_num}"
                if len(cells) == len(header):
                    yield where, dict(zip(header, cells, strict=True))
                else:
                    yield where, f"{len(cells)} cells, the first line has {len(header)}"
    except (csv.Error, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read as CSV in UTF-8: {error}") from error


def _require_columns(path: Path, where: str, row: Mapping[str, Any]) -> None:
    unknown = [name for name in row if name not in COLUMNS]
    missing = files.missing_columns(row, NEEDED)
    if unknown or missing:
        said = [f"has unknown columns: {', '.join(map(repr, unknown))}"] if unknown else []
        said += [f"lacks the columns: {', '.join(map(repr, missing))}"] if missing else []
        parted = path.suffix.lower() == ".csv" and set(";\t") & set("".join(unknown))
        commas = " Commas part the cells of a CSV file." if parted else ""
        raise EvaluationError(
            f"{path}, {where}, {' and '.join(said)}. The columns are {', '.join(COLUMNS)}; "
            f"{' and '.join(NEEDED)} must be there.{commas}"
        )


def _file(row: Mapping[str, Any], folder: Path) -> LabelledFile:
    """Raises ``ValueError`` with the words for people."""
    name = row["path"]
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        raise ValueError(f"the path {name!r} names no file")
    return LabelledFile(
        path=folder / name,
        name=shown(name),
        nsfw=_label(row["label"]),
        source=_text(row, "source"),
        model_field=_text(row, "field"),
        weight=_weight(row.get("weight")),
    )


def _label(value: Any) -> bool:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # pandas makes numbers of a column with gaps
    word = str(value).strip().lower()
    if word in NSFW:
        return True
    if word in SFW:
        return False
    raise ValueError(f"the label {value!r} is none of {', '.join((*NSFW, *SFW))}")


def _text(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"the {column} {value!r} is no text")
    return shown(value.strip())


def _weight(value: Any) -> float:
    if value is None or value == "":
        return 1.0
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if not (math.isfinite(weight) and weight > 0):
        raise ValueError(f"the weight {value!r} is no number over 0")
    return weight
