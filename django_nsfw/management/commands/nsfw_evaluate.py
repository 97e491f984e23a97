"""``manage.py nsfw_evaluate PATH``: how good detectors are, on a site's own pictures."""

import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.conf import nsfw_settings
from django_nsfw.evaluation.reading import read
from django_nsfw.evaluation.scoring import score
from django_nsfw.evaluation.subjects import WORST, Subject
from django_nsfw.evaluation.writing import require_writable, write
from django_nsfw.exceptions import EvaluationError, NSFWError
from django_nsfw.policy import Policy
from django_nsfw.registry import registry

if TYPE_CHECKING:
    from django_nsfw.evaluation.results import Report

EXIT_INTERRUPTED = 130

EVERY = 0.2
"""Seconds between two lines of progress on a terminal."""

NAMED = 20
"""Files that are left out or have no score, and are named on the terminal; a report lists more."""

HELD_WITHOUT = 0.5
"""The threshold of a report where NSFW_POLICY has none."""


class Command(BaseCommand):
    help = (
        "Measure detectors on labelled pictures: a folder with sfw/ and nsfw/ in it, a manifest "
        "(.csv, .parquet, .jsonl), or, with --decisions, what people of this site decided. Prints "
        "a table; --output writes a report as one HTML file, --json the same for programs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", metavar="PATH", nargs="?", type=Path)
        parser.add_argument(
            "--decisions",
            action="store_true",
            help="in place of PATH: what people decided, and the quality sample",
        )
        parser.add_argument(
            "--since", metavar="DATE", help="with --decisions: uploads since then, as 2026-01-31"
        )
        parser.add_argument(
            "--detector",
            action="append",
            metavar="ALIAS",
            help="in NSFW_DETECTORS; may be given more than once; default: that of NSFW_POLICY",
        )
        parser.add_argument(
            "--skip-unavailable",
            action="store_true",
            help="go on without a detector that cannot be had; the report names it",
        )
        parser.add_argument(
            "--threshold",
            action="append",
            type=float,
            metavar="SCORE",
            help="may be given more than once; detectors are compared at the first, or at "
            "'review' of NSFW_POLICY",
        )
        parser.add_argument(
            "--mistakes",
            type=int,
            default=WORST,
            metavar="NUMBER",
            help="how many of each kind a report shows, blurred; 0: none (default: %(default)s)",
        )
        parser.add_argument("--output", type=Path, metavar="FILE", help="the report as HTML")
        parser.add_argument("--json", type=Path, metavar="FILE", help="the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        self._last = 0.0
        try:
            self._evaluate(options)
        except (NSFWError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error
        except KeyboardInterrupt:
            self.stderr.write("\nInterrupted. No report was written.")
            sys.exit(EXIT_INTERRUPTED)

    def _evaluate(self, options: dict[str, Any]) -> None:
        if (options["path"] is None) != options["decisions"]:
            raise CommandError("Give either a PATH or --decisions.")
        if options["since"] is not None and not options["decisions"]:
            raise CommandError("--since is about --decisions; a PATH has no dates.")
        if options["mistakes"] < 0:
            raise CommandError(f"--mistakes must be 0 or more, not {options['mistakes']}.")
        since = _since(options["since"])
        summarise = _summarise()
        policy = _policy()
        threshold, marked = _thresholds(options["threshold"] or [], policy)
        files = [options[name] for name in ("output", "json") if options[name] is not None]
        for path in files:
            require_writable(path)
        if len({path.resolve() for path in files}) < len(files):
            raise CommandError("--output and --json name the same file; name two.")
        subject = self._subject(options, since)
        said, unavailable = score(
            subject.samples,
            options["detector"] or [policy.detector],
            skip_unavailable=options["skip_unavailable"],
            progress=lambda alias, done, of: self._progress(f"{alias}: {done} of {of}", done == of),
        )
        report = summarise(
            subject,
            said,
            unavailable,
            threshold=threshold,
            marked=marked,
            mistakes=options["mistakes"],
            created=datetime.now().astimezone(),
        )
        self._name(
            [
                f"No score of {result.alias}: {row.sample.name}: {row.failure.message}"
                for result in report.results
                for row in result.unscored
                if row.failure
            ]
        )
        self._print(report)
        self._write(report, options)

    def _subject(self, options: dict[str, Any], since: datetime | None) -> Subject:
        if options["decisions"]:
            from django_nsfw import labelled

            subject = labelled.subject(since=since)
            if not subject.samples:
                period = " about uploads since then" if since else ""
                raise CommandError(f"Nobody has decided anything{period}, or checked any.")
        else:
            found = read(
                options["path"],
                progress=lambda done, of: self._progress(f"reading: {done} of {of}", done == of),
            )
            subject = Subject(
                title=str(options["path"].resolve().name or options["path"]),
                samples=found.samples,
                left_out=found.left_out,
                duplicates=found.duplicates,
            )
        self._name([f"Left out: {each.name}: {each.reason}" for each in subject.left_out])
        return subject

    def _name(self, lines: Sequence[str]) -> None:
        for line in lines[:NAMED]:
            self.stderr.write(line)
        if (more := len(lines) - NAMED) > 0:
            self.stderr.write(f"… and {more:,} more.")

    def _print(self, report: "Report") -> None:
        from django_nsfw.evaluation import plots, words

        subject = report.subject
        nsfw = sum(sample.nsfw for sample in subject.samples)
        self.stdout.write(
            f"{nsfw:,} NSFW and {len(subject.samples) - nsfw:,} safe pictures, "
            f"{subject.duplicates:,} duplicates counted once, {len(subject.left_out):,} left out."
        )
        for note in subject.notes:
            self.stdout.write(note)
        for each in report.unavailable:
            self.stdout.write(f"Not measured: {each.alias}: {each.reason}")
        names = [*plots.COMPARED.values(), *plots.AREAS.values()]
        width = max(len(result.alias) for result in report.results)
        self.stdout.write(f"\nAt {words.threshold(report.threshold)}, with 95 % intervals:")
        self.stdout.write("  ".join([" " * width, *(f"{name:>20}" for name in names), "unscored"]))
        for result in report.results:
            cells = [
                f"{words.percent(each)} {f'({found})' if (found := words.interval(each)) else ''}"
                for each in plots.compared(result, report.threshold)
            ]
            self.stdout.write(
                "  ".join(
                    [
                        f"{result.alias:{width}}",
                        *(f"{cell.strip():>20}" for cell in cells),
                        f"{len(result.unscored):>8,}",
                    ]
                )
            )
            if result.measured.trouble:
                self.stdout.write(f"{'':{width}}  {result.measured.trouble}")

    def _write(self, report: "Report", options: dict[str, Any]) -> None:
        from django_nsfw.evaluation.as_json import dumped
        from django_nsfw.evaluation.page import html

        troubles = []
        for name, render in (("output", html), ("json", dumped)):
            if (path := options[name]) is None:
                continue
            try:
                write(path, render(report))
            except EvaluationError as error:  # the other one may have room, and has all numbers
                troubles.append(str(error))
            else:
                self.stdout.write(f"Written: {path}")
        if troubles:
            raise EvaluationError("\n".join(troubles))

    def _progress(self, said: str, last: bool) -> None:
        if not self.stderr.isatty():
            return
        if last or time.monotonic() - self._last > EVERY:
            self._last = time.monotonic()
            self.stderr.write(f"\r{said}", ending="\n" if last else "")


def _summarise() -> Any:
    """Before anything is scored: what measures may not be installed."""
    try:
        from django_nsfw.evaluation.page import html  # noqa: F401
        from django_nsfw.evaluation.results import summarise
    except ImportError as error:
        raise CommandError(
            f'{error}. Install it with: pip install "django-nsfw[evaluate]"'
        ) from error
    return summarise


def _policy() -> Policy:
    try:
        return Policy.of(nsfw_settings.policy)
    except ValueError as error:
        raise CommandError(f"NSFW_POLICY: {error}") from error


def _thresholds(given: list[float], policy: Policy) -> tuple[float, Mapping[float, str]]:
    """The one to compare at, and each that the site has or was asked for, with its meaning."""
    meanings: dict[float, list[str]] = defaultdict(list)
    for asked in given:
        if not 0 <= asked <= 1:
            raise CommandError(f"--threshold must be from 0 to 1, not {asked:g}.")
        meanings[asked].append("--threshold")
    policies = {"": policy}
    for label, watched in sorted(registry.watched.items()):
        try:
            policies[label] = Policy.of(nsfw_settings.policy, watched.options)
        except ValueError as error:
            raise CommandError(f"{label}: {error}") from error
    for label, each in policies.items():
        limits: dict[str, float | None] = {"review": each.review, "reject": each.reject}
        for name, value in limits.items():
            if value is not None and (not label or value != getattr(policy, name)):
                meanings[float(value)].append(f"{name}, {label}" if label else name)
    main = given[0] if given else policy.review
    return (
        HELD_WITHOUT if main is None else float(main),
        {value: "; ".join(said) for value, said in meanings.items()},
    )


def _since(given: str | None) -> datetime | None:
    from django_nsfw.labelled import beginning_of

    try:
        return None if given is None else beginning_of(given)
    except ValueError:
        raise CommandError(f"--since must be a date such as 2026-01-31, not {given!r}.") from None
