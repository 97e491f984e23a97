"""``manage.py nsfw_sweep``: find and mend what a crash left behind."""

import json
import sys
from collections import Counter
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.exceptions import QuarantineError
from django_nsfw.sweeping import GRACE, Mended, sweep


class Command(BaseCommand):
    help = (
        "Find uploads, releases and take-downs that a crash cut off, and mend them. Run it from "
        "time to time. The exit code is 1 where a person must look."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=float,
            default=GRACE.total_seconds(),
            metavar="SECONDS",
            help="leave alone what began later: it may still be under way (default: %(default)d)",
        )
        parser.add_argument(
            "--verify",
            action="store_true",
            help="also ask whether the bytes and object of every held or rejected file are there, "
            "and clear away the placeholders of uploads that were given up 30 days ago",
        )
        parser.add_argument("--dry-run", action="store_true", help="say it, change nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["older_than"] < 0:
            raise CommandError("--older-than must not be negative.")
        as_json = options["format"] == "json"
        counts: Counter[str] = Counter()
        needs_person = False
        try:
            for mended in sweep(
                older_than=timedelta(seconds=options["older_than"]),
                verify=options["verify"],
                dry_run=options["dry_run"],
            ):
                counts[mended.finding.value] += 1
                needs_person |= mended.needs_person
                self.stdout.write(_line(mended, as_json))
        except QuarantineError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error
        if not as_json:
            self.stdout.write(_summary(counts, options["dry_run"]))
        if needs_person:
            sys.exit(1)


def _line(mended: Mended, as_json: bool) -> str:
    if as_json:
        return json.dumps(
            {
                "finding": mended.finding.value,
                "subject": mended.subject,
                "detail": mended.detail,
                "needs_person": mended.needs_person,
            }
        )
    return f"{mended.finding.value}: {mended.subject}: {mended.detail}"


def _summary(counts: Counter[str], dry_run: bool) -> str:
    if not counts:
        return "Nothing was left behind."
    parts = ", ".join(f"{count} {finding}" for finding, count in counts.items())
    return f"{parts}.{' Nothing was changed (--dry-run).' if dry_run else ''}"
