"""``manage.py nsfw_scan PATH…``: what the detector says of files on disk."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_nsfw.conf import nsfw_settings
from django_nsfw.detectors import detectors
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.files import Explain, FileResult, scan_files
from django_nsfw.policy import Policy
from django_nsfw.scores import Assessment
from django_nsfw.verdict import Verdict

CSV_COLUMNS = (
    "path", "verdict", "nsfw", "detector", "width", "height", "format", "frames_scored", "ms",
    "error_code", "error_message",
)  # fmt: skip

FAILING = {
    "review": {Verdict.REVIEW, Verdict.REJECT},
    "reject": {Verdict.REJECT},
}
EXIT_FAILED, EXIT_UNKNOWN, EXIT_INTERRUPTED = 1, 2, 130


class Command(BaseCommand):
    help = (
        "Score files and folders (recursively) and print a line for each. Touches no database. "
        "With --fail-on the exit code is 1 where a verdict was at least that bad, and 2 where "
        "none was but some file could not be scored."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path)
        parser.add_argument("--detector", help="alias in NSFW_DETECTORS")
        parser.add_argument("--review", type=float, help="threshold in place of NSFW_POLICY's")
        parser.add_argument("--reject", type=float, help="threshold in place of NSFW_POLICY's")
        parser.add_argument("--format", choices=["table", "json", "csv"], default="table")
        parser.add_argument("--fail-on", choices=list(FAILING))
        parser.add_argument(
            "--explain",
            metavar="FOLDER",
            type=Path,
            help="write each scored picture into it, with what drove its score; some seconds each",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        policy = self._policy(options)
        explain = self._explain(options["explain"], options["paths"], policy)
        write = self._writer(options["format"])
        progress = self.stderr.isatty() and not self.stdout.isatty()
        counts: Counter[Verdict] = Counter()
        explained = 0
        try:
            for result in scan_files(options["paths"], policy, explain):
                write(result)
                counts[result.verdict] += 1
                explained += self._is_explained(result)
                if progress:
                    self.stderr.write(f"\r{counts.total()} files", ending="")
        except KeyboardInterrupt:
            self.stderr.write(f"\nInterrupted after {counts.total()} files.")
            sys.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:  # ``| head`` has seen enough
            sys.stderr.close()
            sys.exit(EXIT_INTERRUPTED)
        if progress:
            self.stderr.write("")
        if options["format"] == "table":
            self._summary(counts)
            if explain is not None:
                self.stdout.write(f"{explained} explained in {options['explain']}.")
        failing = FAILING.get(options["fail_on"])
        if failing is not None:
            if any(counts[verdict] for verdict in failing):
                sys.exit(EXIT_FAILED)
            if counts[Verdict.UNKNOWN]:
                sys.exit(EXIT_UNKNOWN)

    def _policy(self, options: dict[str, Any]) -> Policy:
        given = {
            key: options[key]
            for key in ("detector", "review", "reject")
            if options[key] is not None
        }
        try:
            policy = Policy.of(nsfw_settings.policy, given)
            detectors[policy.detector]
        except (ImproperlyConfigured, ValueError, DetectorUnavailable) as error:
            raise CommandError(str(error)) from error
        if options["fail_on"] == "reject" and policy.reject is None:
            raise CommandError(
                "--fail-on reject would never fail: NSFW_POLICY has no 'reject' threshold. "
                "Give one with --reject, such as --reject 0.95."
            )
        return policy

    def _explain(self, folder: Path | None, paths: list[Path], policy: Policy) -> Explain | None:
        if folder is None:
            return None
        from django_nsfw.explaining.overlays import Overlays

        target = folder.resolve()
        if any(target.is_relative_to(path.resolve()) for path in paths):
            raise CommandError(
                f"--explain {folder} is within what is scanned, and would be scanned as well. "
                "Name a folder elsewhere."
            )
        if folder.exists() and not folder.is_dir():
            raise CommandError(f"--explain {folder} is no folder. Name a folder.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"--explain {folder}: {error.strerror or error}.") from error
        overlays = Overlays(folder=folder, detector=detectors[policy.detector])

        def explain(path: Path, found: Assessment) -> Mapping[str, Any] | None:
            try:
                return overlays.write(path, found)
            except OSError as error:
                raise CommandError(
                    f"--explain {folder}: {error.strerror or error}. Make room there, or name "
                    "another folder."
                ) from error

        return explain

    def _is_explained(self, result: FileResult) -> bool:
        if result.explanation is None:
            return False
        error = result.explanation.get("error")
        if error:
            self.stderr.write(f"{result.path} is not explained: {error['message']}")
        return not error

    def _writer(self, style: str) -> Callable[[FileResult], None]:
        if style == "json":
            return lambda result: self.stdout.write(json.dumps(result.as_json()))
        if style == "csv":
            rows = csv.DictWriter(_Lines(self), CSV_COLUMNS, lineterminator="\n")
            rows.writeheader()
            return lambda result: rows.writerow(_flat(result.as_json()))
        self.stdout.write(f"{'verdict':8} {'nsfw':>6} {'size':>11} {'ms':>7}  path")
        return self._write_row

    def _write_row(self, result: FileResult) -> None:
        found, failure = result.assessment, result.assessment.failure
        nsfw = "–" if found.nsfw is None else f"{found.nsfw:.3f}"
        size = f"{found.width}×{found.height}" if found.width else "–"
        reason = f"  ({failure.code}: {failure.message})" if failure else ""
        self.stdout.write(
            f"{result.verdict.value:8} {nsfw:>6} {size:>11} {found.ms:7.1f}  {result.path}{reason}"
        )

    def _summary(self, counts: Counter[Verdict]) -> None:
        if not counts:
            self.stdout.write("No files.")
            return
        parts = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
        total = counts.total()
        self.stdout.write(f"{total} {'file' if total == 1 else 'files'}: {parts}.")


class _Lines:
    """What ``csv`` writes to: the command's own output, which tests and callers can redirect."""

    def __init__(self, command: BaseCommand) -> None:
        self._command = command

    def write(self, line: str) -> None:
        self._command.stdout.write(line, ending="")


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    error = row["error"] or {"code": None, "message": None}
    flat = {**row, "error_code": error["code"], "error_message": error["message"]}
    return {column: flat[column] for column in CSV_COLUMNS}
