"""``manage.py nsfw_shadow``: score what was drawn for the shadow, and tell what came of it."""

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from django_nsfw.conf import nsfw_settings
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.shadow.comparing import Report, report
from django_nsfw.shadow.scoring import Shadowed, score
from django_nsfw.shadow.wording import said, snippet


class Command(BaseCommand):
    help = (
        "Score the uploads that were drawn for NSFW_SHADOW. Any number may run at once, and one "
        "that is killed loses nothing. The exit code is 1 where one could not be scored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, metavar="N", help="score so many at most")
        telling = parser.add_mutually_exclusive_group()
        telling.add_argument(
            "--report",
            action="store_true",
            help="score nothing; tell how far the two detectors agree",
        )
        telling.add_argument(
            "--carry-over",
            action="store_true",
            help="score nothing; print the thresholds of today for the shadow, as settings",
        )
        parser.add_argument(
            "--days", type=int, metavar="N", help="only what was drawn in the last N days"
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] is not None and not 0 < options["days"] <= 36_500:
            raise CommandError(f"--days must be from 1 to 36500, not {options['days']}.")
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError(f"--limit must be 1 or more, not {options['limit']}.")
        as_json = options["format"] == "json"
        try:
            if options["report"] or options["carry_over"]:
                days = options["days"]
                after = timezone.now() - timedelta(days=days) if days else None
                self._tell(report(after=after), as_json, carry_over=options["carry_over"])
            elif self._score(options["limit"], as_json):
                sys.exit(1)
        except (ImproperlyConfigured, DetectorUnavailable) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error

    def _score(self, limit: int | None, as_json: bool) -> int:
        """How many had no score in the end."""
        if nsfw_settings.shadow is None:
            raise CommandError("NSFW_SHADOW is empty: there is no second detector.")
        done = failed = 0
        for one in score(limit=limit):
            done += 1
            failed += one.status in ("failed", "later") and one.code not in ("erased", "unpaired")
            self.stdout.write(json.dumps(asdict(one)) if as_json else _line(one))
        if not done and not as_json:
            self.stdout.write("Nothing is due.")
        return failed

    def _tell(self, made: Report, as_json: bool, *, carry_over: bool) -> None:
        if carry_over and not as_json:
            self.stdout.write(snippet(made.carried) or "No watched field has a threshold.")
        elif as_json:
            told = as_keys(made)
            self.stdout.write(json.dumps(told["carried"] if carry_over else told, indent=2))
        else:
            for line in _sentences(made):
                self.stdout.write(line)


def as_keys(made: Report) -> dict[str, Any]:
    """What ``--format json`` prints."""
    told = asdict(made)
    told["verdicts"] = [
        {"decided": one, "shadow": other, "pictures": count}
        for (one, other), count in made.verdicts.items()
    ]
    for way in ("stricter", "milder"):
        settled = getattr(made, way)
        told[way] |= {"share": settled.share, "between": settled.between}
    for one, keys in zip(made.carried, told["carried"], strict=True):
        keys["carried"] |= {"share": one.carried.share, "few": one.carried.few}
    return told


def _line(one: Shadowed) -> str:
    subject = f"scan {one.scan} of {one.field}"
    if one.nsfw is None or one.decided is None:
        return f"{one.status}: {subject}: {one.code}: {one.message}"
    return f"{one.status}: {subject}: {one.nsfw:.4f} (decided by {one.decided:.4f})"


def _sentences(made: Report) -> list[str]:
    """The report on a terminal."""
    lines = [f"{made.drawn:,} drawn, {made.waiting:,} waiting, {made.pairs:,} compared."]
    lines += [f"{count:,} without a score: {code}" for code, count in made.failures.items()]
    if not made.pairs:
        return [*lines, "There is nothing to compare yet."]
    lines += [f"decides: {identity}" for identity in made.deciding]
    lines.append(f"shadow:  {made.shadow}")
    if made.ms is not None:
        lines.append(f"{made.ms:.0f} ms a picture.")
    if made.correlation is not None:
        lines.append(f"Correlation of ranks (Spearman): {made.correlation:.3f}")
    lines += [
        f"{count:,} pictures: {one} decided, {other} by the shadow"
        for (one, other), count in made.verdicts.items()
        if count
    ]
    for words, settled in (
        ("only the shadow would have looked at", made.stricter),
        ("only the shadow would have let through", made.milder),
    ):
        judged = settled.shadow + settled.deciding
        right = f"people agreed with the shadow on {settled.shadow:,} of {judged:,}"
        if settled.between is not None:
            low, high = settled.between
            right += f" (95 %: {low:.1%} to {high:.1%})"
        lines.append(f"Of what {words}, {right}; {settled.open:,} open.")
    for field in made.fields:
        lines.append(
            f"{field.field}: {field.pairs:,} compared, {field.stricter:,} stricter, "
            f"{field.milder:,} milder."
        )
    for one in made.carried:
        labels = ", ".join(one.threshold.labels)
        lines.append(
            f"{one.threshold.setting} {one.threshold.what} ({labels}): "
            f"{one.carried.new}; {said(one)}"
        )
    return lines
