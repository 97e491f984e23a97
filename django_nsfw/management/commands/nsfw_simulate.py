"""``manage.py nsfw_simulate``: what other thresholds would have done."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.registry import registry
from django_nsfw.reports import Period, Scope
from django_nsfw.reports.period import LONGEST
from django_nsfw.simulation import Outcome, Proposal, simulate, snippet


class Command(BaseCommand):
    help = (
        "Say what other thresholds would have done to what came in the last days: how much people "
        "would have had to look at, and what of their decisions would have gone otherwise."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        for name in ("review", "reject"):
            parser.add_argument(
                f"--{name}",
                type=_threshold,
                required=True,
                metavar="SCORE",
                help="from 0 to 1, or none",
            )
        parser.add_argument("--field", default="", metavar="app.Model.field")
        parser.add_argument("--days", type=int, default=30, help="until today (default: 30)")
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument("--snippet", action="store_true", help="print the settings as well")

    def handle(self, *args: Any, **options: Any) -> None:
        field, days = options["field"], options["days"]
        if field and field not in registry.watched:
            watched = ", ".join(sorted(registry.watched)) or "none"
            raise CommandError(f"{field!r} is not watched. Watched fields: {watched}.")
        if not 1 <= days <= LONGEST:
            raise CommandError(f"--days must be from 1 to {LONGEST}, not {days}.")
        scope = Scope(user=None, period=Period.until_today(days), field=field)
        try:
            proposal = Proposal(review=options["review"], reject=options["reject"], field=field)
            found = simulate(scope, proposal)
        except (ValueError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"Nothing can be counted (run migrate?): {error}") from error
        settings = snippet(proposal)
        if options["format"] == "json":
            fields = [_json(one) for one in found.fields]
            values = {"days": days, "total": _json(found.total), "fields": fields}
            self.stdout.write(json.dumps(values | {"settings": settings}))
            return
        self.stdout.write(
            f"The last {days} days with review at {_at(proposal.review)} and reject at "
            f"{_at(proposal.reject)}:"
        )
        for one in found.fields:
            self._say(one.label, one)
        if len(found.fields) > 1 and not found.mixed:
            self._say("All fields", found.total)
        if options["snippet"]:
            self.stdout.write(f"\n{settings}", ending="")

    def _say(self, label: str, one: Outcome) -> None:
        scored_by = f", scored by {one.detector}" if one.detector else ""
        self.stdout.write(f"\n{label}: {one.came:,} scans{scored_by}")
        if not one.came:
            return
        low, high = one.a_day_between
        self.stdout.write(
            f"  held: {one.then.held:,} (today's thresholds: {one.now.held:,}), {one.a_day:.1f} a "
            f"day, {low:,} to {high:,} on nine days of ten"
        )
        for part, whole, of, would, between in (
            (one.missed, one.rejected, "rejected by people", "have passed", one.missed_between),
            (one.spared, one.approved, "approved by people", "have passed", one.spared_between),
            (
                one.refused, one.approved, "approved by people", "have been rejected",
                one.refused_between,
            ),
            (
                one.unfit, one.checked, "of the quality sample that pass now and then",
                "not have been let through by people", one.unfit_between,
            ),
        ):  # fmt: skip
            ends = " to ".join(f"{100 * end:.1f}" for end in between or ())
            self.stdout.write(
                f"  of {whole:,} {of}, {part:,} would {would} (95 %: {ends} %)"
                if between
                else f"  there are none {of}: what would {would} is not known"
            )
        for count, what in (
            (one.unscored, "have no score, and other rules hold them or let them through"),
            (one.known, "equal known images, which settle them whatever their score"),
            (one.others, "were scored by other detectors, on another scale"),
        ):
            if count:
                self.stdout.write(f"  not counted: {count:,} {what}")


def _at(threshold: float | None) -> str:
    return "no score" if threshold is None else f"{threshold:g}"


def _threshold(text: str) -> float | None:
    if text.lower() == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor none") from None


def _json(one: Outcome) -> dict[str, Any]:
    low, high = one.a_day_between
    return {
        **asdict(one),
        "a_day": one.a_day,
        "a_day_between": [low, high],
        "missed_between": one.missed_between,
        "spared_between": one.spared_between,
        "refused_between": one.refused_between,
        "unfit_between": one.unfit_between,
    }
