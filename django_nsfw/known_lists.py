"""Lists of known images that sites share: read line by line, checked, and written.

A record is one line, in CSV with a header or as a JSON object a line. Neither a file of any length
nor a line of any length is ever held in memory.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, BinaryIO

from django.db import router, transaction

from .models import KnownImage, KnownSlot
from .models.known import SOURCE_LENGTH, key_of

MAX_LINE = 65_536
"""Bytes of one line; what is longer is no record."""

BATCH = 500
"""Records that are compared with the database, and written, at a time."""

NOTE_LENGTH = 1000
HASH = re.compile(r"[0-9a-f]{64}")
OUTCOMES = tuple(KnownImage.Outcome.values)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line of a list. ``sha256`` and ``pdq``: 64 hexadecimal digits, at least one of them."""

    sha256: str = ""
    pdq: str = ""
    quality: int = 0
    outcome: str
    source: str = ""
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return key_of(self.sha256, self.pdq), self.source


COLUMNS = tuple(field.name for field in fields(Record))


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """Why a line was left out. ``line`` counts from 1."""

    line: int
    message: str


@dataclass(kw_only=True)
class Counts:
    added: int = 0
    changed: int = 0
    unchanged: int = 0


def read(
    stream: BinaryIO, *, format: str, source: str = "", outcome: str = ""
) -> Iterator[Record | Complaint]:
    """The records of a list, and a complaint for each line that is none.

    ``source`` replaces what the list says; without either it is ``"imported"``. ``outcome`` is
    for lines that say none.
    """
    lines = _lines(stream)
    columns: Sequence[str] = ()
    for number, line in lines:
        try:
            if line is None:
                raise ValueError(f"longer than {MAX_LINE} bytes")
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
            if not text.strip():
                continue
            if format == "json":
                values = _json(text)
            elif not columns:
                columns = _header(text)
                continue
            else:
                values = _csv(text, columns)
            yield _record(values, source=source, outcome=outcome)
        except UnicodeDecodeError:
            yield Complaint(line=number, message="not UTF-8")
        except (ValueError, csv.Error, RecursionError) as error:
            yield Complaint(line=number, message=str(error).rstrip("."))
            if format == "csv" and not columns:
                return  # every other line would be complained of, for the same reason


def store(records: Iterable[Record]) -> Counts:
    """Write records that are new or say something new. Again with the same list changes nothing.

    Each batch is a transaction. An entry that was revoked stays revoked.
    """
    counts = Counts()
    batch: dict[tuple[str, str], Record] = {}
    for record in records:
        batch[record.key] = record
        if len(batch) == BATCH:
            _store(batch, counts)
            batch = {}
    _store(batch, counts)
    return counts


def entries(*, outcome: str = "", own_only: bool = False) -> Iterator[Record]:
    """What is known and in force, in the order in which it became known."""
    known = KnownImage.objects.using(router.db_for_read(KnownImage)).in_force()
    if outcome:
        known = known.filter(outcome=outcome)
    if own_only:
        known = known.filter(source="")
    for batch in known.only(*COLUMNS).batches(2000):
        for entry in batch:
            yield Record(**{name: getattr(entry, name) for name in COLUMNS})


def write(records: Iterable[Record], *, format: str) -> Iterator[str]:
    """The lines of a list, without their ends. Line breaks in notes become spaces."""
    if format == "csv":
        yield ",".join(COLUMNS)
    for record in records:
        values = {**asdict(record), "note": " ".join(record.note.split())}
        if format == "json":
            yield json.dumps(values)
        else:
            line = io.StringIO()
            csv.writer(line, lineterminator="").writerow(values.values())
            yield line.getvalue()


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Number and content of each line; None in place of one that is too long."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) <= MAX_LINE:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE)
        yield number, None


def _header(text: str) -> Sequence[str]:
    columns = [name.strip().lower() for name in _split(text)]
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown or not {"sha256", "pdq"} & {*columns}:
        raise ValueError(
            f"the first line must name columns out of {','.join(COLUMNS)}, not {text[:100]!r}"
        )
    return columns


def _csv(text: str, columns: Sequence[str]) -> dict[str, Any]:
    cells = _split(text)
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells under {len(columns)} columns")
    return dict(zip(columns, cells, strict=True))


def _split(text: str) -> list[str]:
    return next(csv.reader([text], strict=True))


def _json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ValueError(f"no JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    unknown = [key for key in values if key not in COLUMNS]
    if unknown:
        raise ValueError(f"unknown key {unknown[0][:100]!r}. Valid keys: {', '.join(COLUMNS)}")
    return values


def _record(values: dict[str, Any], *, source: str, outcome: str) -> Record:
    sha256, pdq = (_hash(values, name) for name in ("sha256", "pdq"))
    if not sha256 and not pdq:
        raise ValueError("neither sha256 nor pdq")
    said = _text(values, "outcome").lower() or outcome
    if said not in OUTCOMES:
        raise ValueError(
            f"outcome must be one of {', '.join(OUTCOMES)}, not {said[:100]!r}"
            if said
            else f"no outcome; give one with --outcome ({', '.join(OUTCOMES)})"
        )
    source = source or _text(values, "source") or "imported"
    note = _text(values, "note")
    for name, text, limit in (("source", source, SOURCE_LENGTH), ("note", note, NOTE_LENGTH)):
        if len(text) > limit:
            raise ValueError(f"{name} is longer than {limit} characters")
        if not text.isprintable():
            raise ValueError(f"{name} has characters that cannot be printed")
    quality = _quality(values) if pdq else 0
    return Record(sha256=sha256, pdq=pdq, quality=quality, outcome=said, source=source, note=note)


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, not {str(value)[:100]}")
    return value.strip()


def _hash(values: dict[str, Any], name: str) -> str:
    value = _text(values, name).lower()
    if value and not HASH.fullmatch(value):
        raise ValueError(f"{name} must be 64 hexadecimal digits, not {value[:100]!r}")
    return value


def _quality(values: dict[str, Any]) -> int:
    """Lists without a quality hold hashes that their makers thought good enough."""
    value = values.get("quality")
    if value is None or value == "":
        return 100
    text = value.strip() if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > 100:
        raise ValueError(f"quality must be a whole number from 0 to 100, not {text[:100]!r}")
    return int(text)


def _store(batch: dict[tuple[str, str], Record], counts: Counts) -> None:
    if not batch:
        return
    db = router.db_for_write(KnownImage)
    keys, sources = {key for key, _ in batch}, {source for _, source in batch}
    known = KnownImage.objects.using(db)
    with transaction.atomic(using=db):
        found = {
            (entry.key, entry.source): entry
            for entry in known.filter(key__in=keys, source__in=sources)
        }
        new: list[KnownImage] = []
        hashed: list[KnownImage] = []
        for key, record in batch.items():
            entry = found.get(key)
            if entry is None:
                new.append(KnownImage(key=key[0], **asdict(record)))
                continue
            before = {name: getattr(entry, name) for name in COLUMNS}
            if before == asdict(record):
                counts.unchanged += 1
                continue
            counts.changed += 1
            for name, value in asdict(record).items():
                setattr(entry, name, value)
            entry.save(using=db, update_fields=COLUMNS)  # it may have been revoked meanwhile
            if (before["pdq"], before["quality"]) != (record.pdq, record.quality):
                hashed.append(entry)
        counts.added += len(new)
        # Not every database tells the keys of what it inserts in bulk.
        known.bulk_create(new)
        if any(entry.pk is None for entry in new):
            new = list(known.filter(key__in=keys, source__in=sources))
            new = [entry for entry in new if (entry.key, entry.source) not in found]
        KnownSlot.objects.using(db).filter(known__in=hashed).delete()
        slots = (slot for entry in [*new, *hashed] for slot in entry.hashed_slots())
        KnownSlot.objects.using(db).bulk_create(slots, batch_size=4000)
