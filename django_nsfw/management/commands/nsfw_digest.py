"""``manage.py nsfw_digest``: tell moderators by e-mail what waits."""

import json
import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.digests import Digest, send_digests


class Command(BaseCommand):
    help = (
        "Send every moderator an e-mail that says how much waits in the fields that they may "
        "moderate. Who has nothing waiting is sent nothing. The exit code is 1 where a mail could "
        "not be sent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to",
            action="append",
            default=[],
            metavar="ADDRESS",
            help="send to this address in place of all moderators; may be given more than once",
        )
        parser.add_argument(
            "--always", action="store_true", help="send it even if there is nothing to say"
        )
        parser.add_argument(
            "--base-url",
            metavar="URL",
            help="address of the site, for links (default: NSFW_REVIEW['base_url'])",
        )
        parser.add_argument(
            "--language", default="", metavar="CODE", help="of the mails (default: LANGUAGE_CODE)"
        )
        parser.add_argument("--dry-run", action="store_true", help="say it, send nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        as_json, dry_run = options["format"] == "json", options["dry_run"]
        told = failed = 0
        try:
            for digest in send_digests(
                to=options["to"],
                always=options["always"],
                dry_run=dry_run,
                base_url=options["base_url"],
                language=options["language"],
            ):
                told += 1
                failed += bool(digest.error)
                self.stdout.write(json.dumps(as_keys(digest)) if as_json else _line(digest))
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error
        if not as_json and not told:
            self.stdout.write("Nobody has anything waiting.")
        elif not as_json and dry_run:
            self.stdout.write("Nothing was sent (--dry-run).")
        if failed:
            sys.exit(1)


def as_keys(digest: Digest) -> dict[str, Any]:
    """A digest as ``--format json`` prints it."""
    return {
        "to": digest.address,
        "sent": digest.sent,
        "error": digest.error,
        "waiting": digest.waiting,
        "escalated": digest.escalated,
        "claimed": digest.claimed,
        "overdue": digest.overdue,
        "errors": digest.errors,
        "oldest": digest.oldest.isoformat() if digest.oldest else None,
        "since": digest.since.isoformat(),
        "fields": {each.field: each.waiting for each in digest.fields},
    }


def _line(digest: Digest) -> str:
    if digest.error:
        return f"failed: {digest.address}: {digest.error}"
    return (
        f"{digest.address}: {digest.waiting} waiting, {digest.overdue} overdue, "
        f"{digest.errors} without a score"
    )
