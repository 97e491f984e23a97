"""``manage.py nsfw_manifest export|import``: files to be scored by a cluster, and their scores."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.detectors import detectors
from django_nsfw.exceptions import NSFWError
from django_nsfw.manifests.columns import MANIFEST
from django_nsfw.manifests.exporting import Exported, export
from django_nsfw.manifests.files import kind_of, read, write
from django_nsfw.manifests.importing import DONE, MOVED, REFUSED, Importer
from django_nsfw.manifests.locations import LONGEST_LINK, Locations
from django_nsfw.rescans.candidates import policy_of
from django_nsfw.rescans.selection import Selection
from django_nsfw.rescans.targets import find_targets

OF_EXPORT = (
    "targets", "unscanned", "outdated", "status", "since", "query", "limit", "database",
    "presigned", "base_url", "rows_per_file",
)  # fmt: skip

SHOWN = 50
"""Rows that were not taken and are named; the others are counted."""


class Command(BaseCommand):
    help = (
        "Write what a cluster is to score as Parquet or JSON lines, and take its scores back. The "
        "exit code is 1 where a file was left out, or a row was not taken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["export", "import"])
        parser.add_argument(
            "file", type=Path, help="ends in .parquet or .jsonl; import: or a folder"
        )
        parser.add_argument(
            "targets",
            nargs="*",
            metavar="app.Model[.field]",
            help="export: these alone (default: every watched field)",
        )
        add = parser.add_argument
        add("--unscanned", action="store_true", help="export: files that were never scanned")
        add("--outdated", action="store_true", help="export: files that another detector scored")
        add("--status", action="append", metavar="STATUS", help="export: scans with this status")
        add("--since", default="", help="export: scanned since a date or an age such as 7d")
        add("--query", action="append", metavar="FIELD=VALUE", help="export: objects with that")
        add("--limit", type=int, help="export: so many files at most")
        add("--database", help="export: alias of the database of the objects")
        add("--detector", help="alias in place of that of each policy")
        add(
            "--presigned",
            type=int,
            default=0,
            metavar="SECONDS",
            help="export: links to S3 that are good for so long, in place of s3://bucket/key",
        )
        add("--base-url", default="", help="export: where the local media folder is served")
        add(
            "--rows-per-file",
            type=int,
            default=0,
            metavar="ROWS",
            help="export: FILE becomes a folder of files with so many rows each",
        )
        add(
            "--verify",
            action="store_true",
            help="import: read every file that was never scanned and compare its digest",
        )
        add("--dry-run", action="store_true", help="say it, change nothing")
        add("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        exporting = options["verb"] == "export"
        try:
            _refuse_others(options, ("verify",) if exporting else OF_EXPORT)
            self._export(options) if exporting else self._import(options)
        except (NSFWError, ImproperlyConfigured, ValueError) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error

    def _export(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        kind_of(path)
        if not 0 <= options["presigned"] <= LONGEST_LINK:
            raise CommandError(f"--presigned must be from 1 to {LONGEST_LINK} seconds, a week.")
        if options["rows_per_file"] < 0:
            raise CommandError("--rows-per-file must not be negative.")
        targets = find_targets(options["targets"], options["database"])
        selection = Selection(
            unscanned=options["unscanned"],
            outdated=options["outdated"],
            status=tuple(options["status"] or ()),
            since=options["since"],
            query=tuple(options["query"] or ()),
            detector=options["detector"] or "",
            limit=options["limit"],
        )
        selection.check(targets)
        for target in targets:  # a wrong alias would be found out on the cluster
            detectors.spec(policy_of(target, selection).detector)
        locations = Locations(presigned=options["presigned"], base_url=options["base_url"])
        counts = Exported()
        rows = export(targets, selection, locations, counts)
        if options["dry_run"]:
            for _ in rows:
                pass
        else:
            write(rows, path, MANIFEST, rows_per_file=options["rows_per_file"])
        if options["format"] == "json":
            self.stdout.write(json.dumps(asdict(counts)))
        else:
            self.stdout.write(
                f"{path}: {counts.files:,} files, {counts.held:,} of them held; "
                f"{counts.left_out:,} left out."
                f"{' Nothing was written (--dry-run).' if options['dry_run'] else ''}"
            )
        if counts.left_out:
            sys.exit(1)

    def _import(self, options: dict[str, Any]) -> None:
        alias = options["detector"] or ""
        if alias:
            detectors.spec(alias)  # a wrong one is no property of a row
        importer = Importer(detector=alias, verify=options["verify"], dry_run=options["dry_run"])
        counts = importer.counts
        shown = 0
        try:
            for refusal in importer.take_in(read(options["file"])):
                shown += 1
                if shown <= SHOWN:
                    self.stderr.write(f"{refusal.where}: {refusal.detail.rstrip('.')}.")
                elif shown == SHOWN + 1:
                    self.stderr.write("More rows were not taken; only their number is told.")
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. Import it again: what was taken is left unchanged.")
            self._say(counts, options)
            sys.exit(130)
        self._say(counts, options)
        if sum(counts[name] for name in REFUSED):
            sys.exit(1)

    def _say(self, counts: Mapping[str, int], options: dict[str, Any]) -> None:
        if options["format"] == "json":
            self.stdout.write(json.dumps(dict(counts)))
            return
        taken = ", ".join(f"{counts[name]:,} {name}" for name in DONE)
        moved = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in MOVED)
        refused = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in REFUSED if counts[name]]
        self.stdout.write(
            f"{taken}. Files: {moved}. Not taken: {', '.join(refused) or 'none'}."
            f"{' Nothing was changed (--dry-run).' if options['dry_run'] else ''}"
        )


def _refuse_others(options: dict[str, Any], names: Iterable[str]) -> None:
    for name in names:
        if options[name]:
            said = name if name == "targets" else f"--{name.replace('_', '-')}"
            raise CommandError(f"{said} is not for {options['verb']}.")
