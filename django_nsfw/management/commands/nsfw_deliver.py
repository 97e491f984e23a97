"""``manage.py nsfw_deliver``: send the webhooks that are due."""

import json
import sys
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.webhooks.delivering import (
    KEPT_DAYS,
    Attempt,
    clear_away,
    deliver,
    enable,
    retry_failed,
)


class Command(BaseCommand):
    help = (
        "Send the webhooks that are due, and delete what was settled long ago. Run it every minute "
        "or so; any number may run at once. The exit code is 1 where one was not delivered."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, metavar="N", help="so many attempts at most")
        parser.add_argument(
            "--keep-days",
            type=int,
            default=KEPT_DAYS,
            metavar="DAYS",
            help="delete what was settled so long ago (default: %(default)d)",
        )
        parser.add_argument(
            "--retry-failed",
            action="store_true",
            help="begin anew with what failed after its last attempt",
        )
        parser.add_argument(
            "--enable", metavar="URL", help="tell an endpoint again that answered 410"
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep_days"] < 1:
            raise CommandError("--keep-days must be 1 or more.")
        as_json = options["format"] == "json"
        made = failed = 0
        try:
            if options["enable"] and not enable(options["enable"]):
                raise CommandError(f"No endpoint {options['enable']!r} is disabled.")
            if options["retry_failed"]:
                retry_failed()
            for attempt in deliver(limit=options["limit"]):
                made += 1
                failed += attempt.status in ("waiting", "failed")
                self.stdout.write(json.dumps(asdict(attempt)) if as_json else _line(attempt))
            clear_away(days=options["keep_days"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error
        if not made and not as_json:
            self.stdout.write("Nothing is due.")
        if failed:
            sys.exit(1)


def _line(attempt: Attempt) -> str:
    said = f"{attempt.status}: {attempt.event} to {urlsplit(attempt.url).netloc}"
    if attempt.status == "delivered":
        return said
    code = f"{attempt.code} " if attempt.code else ""
    again = f"; again in {attempt.wait:.0f} s" if attempt.status == "waiting" else ""
    return f"{said} (attempt {attempt.attempts}): {code}{attempt.answer}{again}"
