"""``manage.py nsfw_rescan [app.Model[.field] …]``: look at stored files again."""

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw import runners
from django_nsfw.detectors import detectors
from django_nsfw.exceptions import DetectorUnavailable, RescanRefused, RescanStopped
from django_nsfw.models import Run
from django_nsfw.rescans import counting, enqueueing, processes, progress, runs, workers
from django_nsfw.rescans.candidates import policy_of
from django_nsfw.rescans.selection import BATCH_SIZE, CURRENT, Selection
from django_nsfw.rescans.targets import Target, find_targets

EXIT_LEFT_OVER, EXIT_STOPPED, EXIT_INTERRUPTED = 2, 3, 130

TERMINAL, LINES = 1.0, 30.0
"""Seconds between two lines of progress: on a terminal, where they replace each other, or not."""

OF_A_NEW_RUN = (
    "targets", "unscanned", "outdated", "status", "since", "query", "detector", "report_only",
    "limit", "batch_size", "database", "dry_run",
)  # fmt: skip


class Command(BaseCommand):
    help = (
        "Score stored files: what was never scanned, what another detector scored, or all. Can be "
        "interrupted and killed at any time, resumed by any machine and done by several at once. "
        "The exit code is 2 where files are left that another run may do better with, 3 where the "
        "run stopped before its end, 130 where it was interrupted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("targets", metavar="app.Model[.field]", nargs="*", default=[])
        parser.add_argument("--unscanned", action="store_true", help="files without a scan")
        parser.add_argument(
            "--outdated",
            action="store_true",
            help="files that another detector scored, or that a detector failed on",
        )
        parser.add_argument(
            "--status",
            action="append",
            metavar="STATUS",
            help=f"only these: {', '.join(CURRENT)}; may be given more than once",
        )
        parser.add_argument("--since", help="only what was scanned since: a date, or an age as 7d")
        parser.add_argument(
            "--query",
            action="append",
            metavar="FIELD=VALUE",
            help="only these objects; may be given more than once",
        )
        parser.add_argument("--detector", metavar="ALIAS", help="in place of that of the policy")
        parser.add_argument("--limit", type=int, help="look at so many files at most")
        parser.add_argument("--batch-size", type=int, help=f"rows a chunk, {BATCH_SIZE} by default")
        parser.add_argument("--database", metavar="ALIAS", help="in place of the router's")
        parser.add_argument("--workers", type=int, metavar="N", help="processes, or tasks")
        parser.add_argument(
            "--enqueue", action="store_true", help="leave the work to the workers of NSFW_RUNNER"
        )
        parser.add_argument("--resume", type=int, metavar="RUN", help="take part in this run")
        parser.add_argument("--cancel", type=int, metavar="RUN", help="end this run")
        parser.add_argument(
            "--report-only", action="store_true", help="score and count, change nothing"
        )
        parser.add_argument("--dry-run", action="store_true", help="count files, score nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        self._json = options["format"] == "json"
        number = options["workers"]
        if number is not None and number < 1:
            raise CommandError(f"--workers must be at least 1, not {number}.")
        try:
            if options["cancel"] is not None:
                _refuse_others(options, "--cancel", (*OF_A_NEW_RUN, "resume", "enqueue", "workers"))
                run = runs.cancel(options["cancel"])
                self._say_summary(run, progress.since_start(run))
                return
            run_or_none = self._run(options)
            if run_or_none is None:
                return
            if options["enqueue"]:
                self._enqueue(run_or_none, number or 1)
                return
            self._work(run_or_none, number)
        except (RescanRefused, ImproperlyConfigured, DetectorUnavailable) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database gave up (run migrate?): {error}") from error

    def _run(self, options: dict[str, Any]) -> Run | None:
        if options["enqueue"] and not runners.current().background:
            raise RescanRefused(
                "--enqueue needs a background runner in NSFW_RUNNER; the inline one has no "
                "workers. Use --workers for processes on this machine."
            )
        if options["resume"] is not None:
            _refuse_others(options, "--resume", OF_A_NEW_RUN)
            return runs.find(options["resume"])
        selection = Selection(
            unscanned=options["unscanned"],
            outdated=options["outdated"],
            status=tuple(sorted(set(options["status"] or ()))),
            since=options["since"] or "",
            query=tuple(sorted(set(options["query"] or ()))),
            detector=options["detector"] or "",
            report_only=options["report_only"],
            limit=options["limit"],
            batch_size=BATCH_SIZE if options["batch_size"] is None else options["batch_size"],
        )
        targets = find_targets(options["targets"], options["database"])
        selection.check(targets)
        elsewhere = options["enqueue"] or (options["workers"] or 1) > 1
        for alias in {policy_of(target, selection).detector for target in targets}:
            # Before anything is written. Where others do the work they load it, and say so.
            detectors.spec(alias) if elsewhere or options["dry_run"] else detectors[alias]
        if options["dry_run"]:
            self._count(targets, selection)
            return None
        return runs.start(targets, selection)

    def _enqueue(self, run: Run, number: int) -> None:
        enqueueing.enqueue(run, number)
        if self._json:
            self.stdout.write(json.dumps(progress.summary(run, progress.since_start(run))))
        else:
            self.stdout.write(
                f"Run {run.pk} is with the workers of {type(runners.current()).__name__}, "
                f"{number} at once. nsfw_rescan --resume {run.pk} takes part, --cancel {run.pk} "
                "ends it."
            )

    def _work(self, run: Run, number: int | None) -> None:
        self._lines = _Lines(self, run)
        if not self._json:
            self.stderr.write(f"Run {run.pk}.")
        died = ""
        with processes.stopping(self._say_stopping) as stop:
            try:
                if number is None or number == 1:
                    workers.work(
                        run, worker=workers.worker_name(), stop=lambda: self._lines.pass_by(stop())
                    )
                else:
                    died = self._watch(processes.LocalWorkers(run, number), stop)
            except RescanStopped as error:
                died = str(error)
            except KeyboardInterrupt:
                pass
            interrupted = stop()
        self._lines.end()
        run.refresh_from_db()
        self._say_summary(run, self._lines.seconds)
        if run.status == Run.Status.RUNNING:
            if died:
                self.stderr.write(died)
            self.stderr.write(f"Go on with: manage.py nsfw_rescan --resume {run.pk}")
            sys.exit(EXIT_INTERRUPTED if interrupted else EXIT_STOPPED)
        counts = runs.progress(run)
        if runs.failed_chunks(run) or any(counts.get(n) for n in progress.UNFINISHED_BUSINESS):
            sys.exit(EXIT_LEFT_OVER)

    def _watch(self, local: processes.LocalWorkers, stop: Any) -> str:
        """Until the last of them has ended. Returns why, where none is left before the end."""
        reasons, told = [], False
        try:
            while local:
                for ended in local.ended():
                    if ended.reason:
                        reasons.append(f"Worker {ended.pid} was {ended.reason}.")
                        self.stderr.write(reasons[-1])
                if stop() and not told:
                    local.stop()
                    told = True
                self._lines.pass_by(False)
                time.sleep(0.2)
        except BaseException:
            local.stop()
            local.stop()  # at once
            raise
        return "No worker is left." if reasons else ""

    def _count(self, targets: Sequence[Target], selection: Selection) -> None:
        for target, counts in counting.count(targets, selection):
            if self._json:
                named = {name: counts[name] for name in ("rows", "no_file", "up_to_date", "chosen")}
                self.stdout.write(
                    json.dumps({"field": target.label, "database": target.db, **named})
                )
            else:
                self.stdout.write(
                    f"{target.label} in {target.db!r}: {counts['chosen']:,} of {counts['rows']:,} "
                    "rows would be looked at."
                )
        if not self._json:
            self.stdout.write("Nothing was scored and nothing changed (--dry-run).")

    def _say_stopping(self) -> None:
        self.stderr.write("\nStopping: what is being scored is recorded. Again: stop at once.")

    def _say_summary(self, run: Run, seconds: float) -> None:
        said = progress.summary(run, seconds)
        if self._json:
            self.stdout.write(json.dumps(said))
            return
        changed = " Nothing was changed (--report-only)." if run.options["report_only"] else ""
        self.stdout.write(
            f"Run {run.pk} is {run.get_status_display()} after {seconds:.1f} s, "
            f"{said['images_per_second'] or 0:,} images a second.{changed}"
        )
        for name, words in progress.COUNTS.items():
            if said[name]:
                self.stdout.write(f"{said[name]:>12,} {words}")
        for trouble in said["troubles"]:
            of = f"{trouble['field']} of {trouble['object']}"
            self.stdout.write(f"{trouble['kind']}: {of}: {trouble['file']} {trouble['reason']}")
        if said["failed_chunks"]:
            self.stdout.write(f"{said['failed_chunks']} chunks were given up after three attempts.")


class _Lines:
    """Progress on standard error, now and then."""

    def __init__(self, command: Command, run: Run) -> None:
        self._stderr = command.stderr
        self._terminal = command.stderr.isatty()
        self._progress = progress.Progress(run)
        self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        return self._progress.seconds

    def pass_by(self, value: bool) -> bool:
        """``value``, on the way of which a line may be due."""
        now = time.monotonic()
        if now - self._last >= (TERMINAL if self._terminal else LINES):
            self._last = now
            line = self._progress.line()
            self._stderr.write(f"\r{line:<78}" if self._terminal else line, ending=self._ending)
        return value

    def end(self) -> None:
        if self._terminal:
            self._stderr.write("")

    @property
    def _ending(self) -> str:
        return "" if self._terminal else "\n"


def _refuse_others(options: dict[str, Any], one: str, names: Sequence[str]) -> None:
    given = [name for name in names if options[name] not in (None, False, [])]
    if given:
        shown = given[0] if given[0] == "targets" else f"--{given[0].replace('_', '-')}"
        raise RescanRefused(f"{one} goes with no {shown}: the run has its own.")
