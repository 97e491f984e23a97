"""``manage.py nsfw_known import|export``: lists of known images, in and out."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.known_lists import OUTCOMES, Complaint, Record, entries, read, store, write
from django_nsfw.models.known import SOURCE_LENGTH

COMPLAINTS_SHOWN = 50


class Command(BaseCommand):
    help = (
        "Read a list of known images that others share, or write one to share. The exit code of "
        "an import is 1 where a line was left out; the others are imported all the same."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["import", "export"])
        parser.add_argument("file", nargs="?", help="import: the list, or - for standard input")
        parser.add_argument("--source", help="import: name of the list, in place of its own")
        parser.add_argument(
            "--outcome",
            choices=OUTCOMES,
            help="import: for lines that say none; export: these alone",
        )
        parser.add_argument("--format", choices=["csv", "json"], default="csv")
        parser.add_argument(
            "--own-only", action="store_true", help="export: leave out what was imported"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "import":
            self._import(options)
        else:
            self._export(options)

    def _import(self, options: dict[str, Any]) -> None:
        source = (options["source"] or "").strip()
        if options["own_only"]:
            raise CommandError("--own-only is for export.")
        if not options["file"]:
            raise CommandError("Name the list to import, or - for standard input.")
        if len(source) > SOURCE_LENGTH or not source.isprintable():
            raise CommandError(f"--source must be {SOURCE_LENGTH} printable characters at most.")
        self._left_out = 0
        try:
            with self._opened(options["file"]) as stream:
                found = read(
                    stream,
                    format=options["format"],
                    source=source,
                    outcome=options["outcome"] or "",
                )
                counts = store(self._without_complaints(found))
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror or error}") from error
        except DatabaseError as error:
            raise CommandError(f"The database cannot take the list: {error}") from error
        self.stdout.write(
            f"{counts.added} added, {counts.changed} changed, {counts.unchanged} unchanged, "
            f"{self._left_out} left out."
        )
        if self._left_out:
            sys.exit(1)

    def _opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")

    def _without_complaints(self, found: Iterator[Record | Complaint]) -> Iterator[Record]:
        for item in found:
            if isinstance(item, Record):
                yield item
                continue
            self._left_out += 1
            if self._left_out <= COMPLAINTS_SHOWN:
                self.stderr.write(f"line {item.line}: {item.message}.")
            elif self._left_out == COMPLAINTS_SHOWN + 1:
                self.stderr.write("More lines were left out; only their number is told.")

    def _export(self, options: dict[str, Any]) -> None:
        if options["file"] or options["source"]:
            raise CommandError("export writes to standard output and takes no file or --source.")
        records = entries(outcome=options["outcome"] or "", own_only=options["own_only"])
        try:
            for line in write(records, format=options["format"]):
                self.stdout.write(line)
        except BrokenPipeError:  # ``| head`` has seen enough
            sys.stderr.close()
            sys.exit(130)
        except DatabaseError as error:
            raise CommandError(f"Known images cannot be read (run migrate?): {error}") from error
