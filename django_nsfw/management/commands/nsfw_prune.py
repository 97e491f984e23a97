"""``manage.py nsfw_prune``: delete held bytes that are old enough."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.conf import LONGEST_RETENTION, RETAINED, nsfw_settings
from django_nsfw.exceptions import QuarantineError
from django_nsfw.retention import Pruned, prune


class Command(BaseCommand):
    help = (
        "Delete the held bytes of rejected, gone and superseded files that are older than "
        "NSFW_RETENTION says. Digests, scores and decisions stay. The exit code is 1 where a file "
        "could not be deleted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--status",
            action="append",
            metavar="STATUS",
            help=f"only these: {', '.join(RETAINED)}; may be given more than once",
        )
        parser.add_argument(
            "--older-than",
            type=int,
            metavar="DAYS",
            help="days in place of those of NSFW_RETENTION; needs --status",
        )
        parser.add_argument("--dry-run", action="store_true", help="say it, change nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        ages = _ages(options["status"], options["older_than"])
        as_json, dry_run = options["format"] == "json", options["dry_run"]
        progress = self.stderr.isatty() and not self.stdout.isatty()
        files = size = failed = scans = 0
        try:
            for pruned in prune(ages, dry_run=dry_run):
                scans += 1
                files += pruned.size > 0
                size += pruned.size
                failed += bool(pruned.error)
                self.stdout.write(json.dumps(asdict(pruned)) if as_json else _line(pruned))
                if progress:
                    self.stderr.write(f"\r{scans} scans", ending="")
        except QuarantineError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error
        if progress:
            self.stderr.write("")
        if not as_json:
            self.stdout.write(_summary(scans, files, size, failed, dry_run))
        if failed:
            sys.exit(1)


def _ages(statuses: list[str] | None, days: int | None) -> Mapping[str, int]:
    valid = f"Valid statuses: {', '.join(RETAINED)}."
    for status in statuses or ():
        if status == "held":
            raise CommandError(
                "Files that are held wait for a moderator, and what nobody has seen is not "
                f"deleted by its age. {valid}"
            )
        if status not in RETAINED:
            raise CommandError(f"Nothing is held for the status {status!r}. {valid}")
    if days is not None:
        if not 0 <= days <= LONGEST_RETENTION:
            raise CommandError(f"--older-than must be from 0 to {LONGEST_RETENTION}, not {days}.")
        if not statuses:
            raise CommandError(f"--older-than needs --status: say what to delete. {valid}")
        return dict.fromkeys(statuses, days)
    try:
        ages = nsfw_settings.retention
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    missing = [status for status in statuses or () if status not in ages]
    if missing or not ages:
        for_what = f" for {', '.join(missing)}" if missing else ""
        raise CommandError(
            f"NSFW_RETENTION sets no days{for_what}, so nothing is ever deleted. Set it, for "
            'example to {"rejected": 90}, or give --status and --older-than.'
        )
    return {status: age for status, age in ages.items() if not statuses or status in statuses}


def _line(pruned: Pruned) -> str:
    what = f"{pruned.field} of {pruned.object or 'no object'} (scan {pruned.scan})"
    if pruned.error:
        return f"failed: {what}: {pruned.error}"
    return f"{pruned.status}: {what}: {pruned.size:,} bytes"


def _summary(scans: int, files: int, size: int, failed: int, dry_run: bool) -> str:
    if not scans:
        return "Nothing is old enough."
    parts = f"{files} {'file' if files == 1 else 'files'}, {size:,} bytes."
    if failed:
        parts += f" {failed} failed; nsfw_sweep or the next run tries again."
    return f"{parts} Nothing was changed (--dry-run)." if dry_run else parts
