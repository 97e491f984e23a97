"""Manifests as files: Parquet or JSON lines, one or many, row by row in constant memory."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from ..exceptions import NSFWError
from .columns import Columns

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]

PARQUET, LINES = (".parquet",), (".jsonl", ".ndjson")
SUFFIXES = (*PARQUET, *LINES)

ROW_GROUP = 10_000
"""Rows of one group of a Parquet file: a few megabytes, and what is held in memory."""

READ_BATCH = 1_000
"""Rows that are read at a time. A row with the scores of sixteen frames has a few kilobytes."""

MAX_LINE = 1_048_576
"""Bytes of one JSON line; what is longer is no row."""


class ManifestError(NSFWError):
    """A manifest cannot be read or written. The text names the file and the cause."""


class Writer(Protocol):
    def write(self, row: Row) -> None: ...


def write(rows: Iterable[Row], path: Path, columns: Columns, *, rows_per_file: int = 0) -> int:
    """Write rows to ``path``, by its suffix, and return how many. An existing file is replaced.

    ``rows_per_file``: ``path`` becomes a folder with a file for so many rows each, for programs
    that read many files at once. A file is there whole or not at all.
    """
    suffix = kind_of(path)
    if not rows_per_file:
        return _write_one(rows, path, suffix, columns)
    if path.exists():
        raise ManifestError(f"{path} exists. A folder of many files is not written over.")
    path.mkdir(parents=True)
    rows, number, total = iter(rows), 0, 0
    while part := list(islice(rows, 1)):
        part_path = path / f"part-{number:06}{suffix}"
        number += 1
        more = islice(rows, rows_per_file - 1)
        total += _write_one(chain(part, more), part_path, suffix, columns)
    if not number:
        _write_one([], path / f"part-000000{suffix}", suffix, columns)
    return total


def read(path: Path) -> Iterator[tuple[str, Row | str]]:
    """Where each row stands, in words, and the row; in its place a sentence where it is none.

    A folder is read file by file, in the order of their names. Raises ``ManifestError``.
    """
    for file in _files(path):
        within = f"{file.name} " if path.is_dir() else ""
        try:
            if kind_of(file) in PARQUET:
                for number, row in enumerate(_parquet_rows(file), 1):
                    yield f"{within}row {number}", row
            else:
                with file.open("rb") as stream:
                    for line, found in _json_rows(stream):
                        yield f"{within}line {line}", found
        except OSError as error:
            raise ManifestError(f"{file}: {error.strerror or error}") from error


def kind_of(path: Path) -> str:
    """``.parquet`` or ``.jsonl``, by the name."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ManifestError(f"{path}: the name must end in one of {', '.join(SUFFIXES)}.")
    return suffix


def schema(columns: Columns) -> "pa.Schema":
    """The columns as pyarrow has them."""
    pa = _pyarrow()
    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "bytes": pa.binary(),
    }
    return pa.schema([(name, types[kind]) for name, kind in columns.items()])


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    # What clusters leave beside their files, such as _SUCCESS, begins so.
    found = [p for p in sorted(path.iterdir()) if not p.name.startswith(("_", "."))]
    if not found:
        raise ManifestError(f"{path} is an empty folder.")
    return found


def _write_one(rows: Iterable[Row], path: Path, suffix: str, columns: Columns) -> int:
    unfinished = path.with_name(f".{path.name}.unfinished")
    open_writer = _parquet_writer if suffix in PARQUET else _json_writer
    count = 0
    try:
        with open_writer(unfinished, columns) as writer:
            for row in rows:
                writer.write(row)
                count += 1
        unfinished.replace(path)
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return count


@contextmanager
def _parquet_writer(path: Path, columns: Columns) -> Iterator[Writer]:
    pa = _pyarrow()
    import pyarrow.parquet as pq

    wanted = schema(columns)

    class Groups:
        def __init__(self) -> None:
            self.rows: list[Row] = []

        def write(self, row: Row) -> None:
            self.rows.append(row)
            if len(self.rows) == ROW_GROUP:
                self.flush()

        def flush(self) -> None:
            if self.rows:
                file.write_table(pa.Table.from_pylist(self.rows, schema=wanted))
                self.rows = []

    with pq.ParquetWriter(path, wanted, compression="zstd") as file:
        groups = Groups()
        yield groups
        groups.flush()


@contextmanager
def _json_writer(path: Path, columns: Columns) -> Iterator[Writer]:
    class Lines:
        def write(self, row: Row) -> None:
            stream.write(json.dumps({name: row.get(name) for name in columns}) + "\n")

    with path.open("w", encoding="utf-8") as stream:
        yield Lines()
        stream.flush()
        os.fsync(stream.fileno())


def _parquet_rows(path: Path) -> Iterator[Row]:
    pa = _pyarrow()
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=READ_BATCH):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise ManifestError(f"{path} cannot be read as Parquet: {error}") from error


def _json_rows(stream: BinaryIO) -> Iterator[tuple[int, Row | str]]:
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE)
            yield number, f"longer than {MAX_LINE} bytes"
        elif line.strip():
            yield number, _json_row(line)


def _json_row(line: bytes) -> Row | str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"no JSON: {error}"
    return row if isinstance(row, dict) else "no JSON object"


def missing_columns(row: Mapping[str, Any], needed: Iterable[str]) -> list[str]:
    return [name for name in needed if name not in row]


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise ManifestError(
            'Parquet needs pyarrow. Install it with: pip install "django-nsfw[manifest]", or name '
            "a file that ends in .jsonl."
        ) from error
    return pyarrow
