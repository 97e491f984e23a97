"""``manage.py nsfw_coverage``: what the app does not see."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.coverage import Covered, Kind, coverage
from django_nsfw.registry import explain_missing, file_fields


class Command(BaseCommand):
    help = (
        "List every file field with its policy, count the files that were never scanned, and find "
        "held files that visitors can read and scans past their deadline. The "
        "exit code is 1 where there is a gap."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "fields", nargs="*", metavar="app.Model.field", help="these alone (default: all)"
        )
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        labels = frozenset(options["fields"]) or None
        known = {label for label, _ in file_fields()}
        for label in sorted((labels or frozenset()) - known):
            raise CommandError(explain_missing(label))
        gaps: Counter[Kind] = Counter()
        as_json = options["format"] == "json"
        if not as_json:
            self.stdout.write(f"{'':12} {'files':>11} {'missing':>11}  about")
        try:
            for found in coverage(labels=labels):
                self.stdout.write(_json(found) if as_json else _row(found))
                gaps[found.kind] += found.gap
        except BrokenPipeError:  # ``| head`` has seen enough
            sys.stderr.close()
            sys.exit(130)
        except (DatabaseError, ImproperlyConfigured) as error:
            raise CommandError(f"Coverage cannot be told (run migrate?): {error}") from error
        if not as_json:
            self.stdout.write(_summary(+gaps))
        if +gaps:
            sys.exit(1)


def _json(found: Covered) -> str:
    return json.dumps({**asdict(found), "gap": found.gap})


def _row(found: Covered) -> str:
    files, missing = (
        "–" if count is None else f"{count:,}" for count in (found.files, found.missing)
    )
    about = found.field
    if found.object:
        about += f" of {found.object}"
    if found.database not in ("", "default"):
        about += f" in {found.database}"
    about = ": ".join(part for part in (about, found.detail) if part)
    return f"{found.kind.value:12} {files:>11} {missing:>11}  {about}"


def _summary(gaps: Counter[Kind]) -> str:
    if not gaps:
        return "No gap."
    words = {
        Kind.WATCHED: "fields with files that were never scanned",
        Kind.NO_POLICY: "image fields without a policy",
        Kind.EXPOSED: "places where visitors can read what is held",
        Kind.OVERDUE: "fields with scans past their deadline",
        Kind.UNKNOWN: "files that could not be looked at",
    }
    return "Gaps: " + "; ".join(f"{count} {words[kind]}" for kind, count in gaps.items()) + "."
