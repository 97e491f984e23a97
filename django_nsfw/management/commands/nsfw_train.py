"""``manage.py nsfw_train SOURCE --output FOLDER``: train a detector on labelled pictures, or on
what people of this site decided."""

import sys
import time
from collections.abc import Callable
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_nsfw.conf import nsfw_settings
from django_nsfw.exceptions import EvaluationError, TrainingRefused, TrainingStopped
from django_nsfw.rescans.processes import stopping
from django_nsfw.training.options import add_recipe
from django_nsfw.training.recipe import Recipe

if TYPE_CHECKING:
    from django_nsfw.evaluation.reading import Collection
    from django_nsfw.training.events import Event
    from django_nsfw.training.settings import Machine, Settings
    from django_nsfw.training.workplace import Workplace

EXIT_STOPPED, EXIT_INTERRUPTED = 3, 130

TERMINAL, LINES = 1.0, 30.0
"""Seconds between two lines of progress: on a terminal, where they replace each other, or not."""

NEEDED = {
    "timm": "timm", "torch": "torch", "torchvision": "torchvision", "safetensors": "safetensors",
    "huggingface_hub": "huggingface_hub", "sklearn": "scikit-learn", "pdqhash": "pdqhash",
}  # fmt: skip
"""Module → the package that brings it."""

OF_A_RUN = ("start", "scratch", "held_out", "patience")


class Command(BaseCommand):
    help = (
        "Train a model on labelled pictures, or with --decisions on what people of this site "
        "decided, by the recipe of Marqo/nsfw-image-detection-384, and "
        "write a folder that TimmDetector loads. Can be interrupted and killed at any time, and "
        "resumed. The exit code is 3 where it stopped before its end, 130 where it was interrupted."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source",
            type=Path,
            nargs="?",
            metavar="SOURCE",
            help="a folder with sfw/ and nsfw/, or a manifest as CSV, Parquet or JSON lines",
        )
        parser.add_argument(
            "--decisions",
            action="store_true",
            help="in place of SOURCE: what people decided, and the quality sample",
        )
        parser.add_argument(
            "--since", metavar="DATE", help="with --decisions: uploads since then, as 2026-01-31"
        )
        parser.add_argument(
            "--output", required=True, type=Path, metavar="FOLDER", help="the folder to write"
        )
        parser.add_argument(
            "--start",
            metavar="MODEL",
            help="hf_hub:owner/name[@revision] or local-dir:/path (default: timm's ViT-Tiny of "
            "384 pixels)",
        )
        parser.add_argument(
            "--scratch",
            metavar="ARCHITECTURE",
            help="an architecture of timm, to start from random weights",
        )
        parser.add_argument(
            "--held-out",
            type=float,
            metavar="SHARE",
            help="share of each class that is measured with (default: 0.1)",
        )
        parser.add_argument(
            "--patience",
            type=int,
            metavar="EPOCHS",
            help="stop after so many without a smaller loss on what is held out",
        )
        parser.add_argument("--resume", action="store_true", help="go on with a run that was begun")
        parser.add_argument(
            "--force", action="store_true", help="replace FOLDER, and a run that was begun for it"
        )
        parser.add_argument(
            "--device",
            default="auto",
            help="cpu, or a device of torch; auto is a GPU where there is one (default: auto)",
        )
        parser.add_argument(
            "--precision",
            default="auto",
            choices=["auto", "fp32", "bf16", "fp16"],
            help="auto is half precision on a GPU (default: auto)",
        )
        parser.add_argument(
            "--micro-batch",
            type=int,
            metavar="N",
            help="pictures in one pass through the model (default: what fits)",
        )
        parser.add_argument(
            "--workers",
            type=int,
            metavar="N",
            help="processes that read pictures (default: 0, with a GPU up to 4)",
        )
        parser.add_argument(
            "--checkpoint-every",
            type=float,
            default=10.0,
            metavar="MINUTES",
            help="minutes between two checkpoints, besides those of the epochs (default: 10)",
        )
        add_recipe(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
        if missing:
            raise CommandError(
                f"Training needs {', '.join(missing)}. Install it with: "
                'pip install "django-nsfw[train]"'
            )
        if (options["source"] is None) != options["decisions"]:
            raise CommandError("Give either a SOURCE or --decisions.")
        if options["since"] is not None and not options["decisions"]:
            raise CommandError("--since is about --decisions; a SOURCE has no dates.")
        # Not before: importing torch takes seconds.
        from django_nsfw.training.running import train
        from django_nsfw.training.workplace import Workplace

        self._lines = _Lines(self)
        workplace = Workplace(options["output"])
        with stopping(self._say_stopping) as stop:
            try:
                settings = _settings(options, workplace.resumed() if options["resume"] else None)
                machine = _machine(options)
                events = train(
                    lambda: self._collect(options, stop),
                    settings,
                    machine,
                    workplace,
                    nsfw_settings.limits,
                    resume=options["resume"],
                    stop=stop,
                    looking=self._lines.looking,
                )
                for event in events:
                    self._lines.say(event)
            except (TrainingRefused, EvaluationError, ImproperlyConfigured) as error:
                self._lines.end()
                raise CommandError(str(error)) from error
            except TrainingStopped as error:
                self._lines.end()
                self.stderr.write(f"{error}\n{_way_on(workplace)}")
                sys.exit(EXIT_INTERRUPTED if stop() else EXIT_STOPPED)
            except KeyboardInterrupt:
                self._lines.end()
                self.stderr.write(f"Stopped at once. {_way_on(workplace)}")
                sys.exit(EXIT_INTERRUPTED)
        self.stdout.write(self.style.SUCCESS(f"{options['output']} is written. Use it with:\n"))
        self.stdout.write(SNIPPET.format(path=str(options["output"].resolve())))

    def _collect(self, options: dict[str, Any], stop: Callable[[], bool]) -> "Collection":
        from django_nsfw.evaluation.reading import read

        def progress(done: int, number: int) -> None:
            if stop():
                raise KeyboardInterrupt
            self._lines.reading(done, number)

        if options["decisions"]:
            found = self._decided(options["since"])
        else:
            found = read(options["source"], progress=progress)
        for one in found.left_out:
            self.stderr.write(f"{one.name} left out: {one.reason}")
        if found.duplicates:
            what = "Uploads" if options["decisions"] else "Files"
            self.stderr.write(f"{what} with the bytes of another one: {found.duplicates:,}")
        return found

    def _decided(self, since: str | None) -> "Collection":
        """Each as often as any other: a model learns what is what, and not how often it comes."""
        from django_nsfw import labelled
        from django_nsfw.evaluation.reading import Collection

        try:
            found = labelled.subject(since=None if since is None else labelled.beginning_of(since))
        except ValueError as error:
            raise TrainingRefused(f"--since must be a day: {error}.") from error
        except DatabaseError as error:
            raise TrainingRefused(f"The database gave up (run migrate?): {error}") from error
        return Collection(
            samples=found.samples, left_out=found.left_out, duplicates=found.duplicates
        )

    def _say_stopping(self) -> None:
        self.stderr.write("\nStopping: what was learnt is kept. Again: stop at once.")


SNIPPET = """\
NSFW_DETECTORS = {{
    "default": {{
        "BACKEND": "django_nsfw.detectors.timm.TimmDetector",
        "OPTIONS": {{"model": {path!r}}},
    }},
}}""".replace("{path!r}", '"local-dir:{path}"')


def _way_on(workplace: "Workplace") -> str:
    if workplace.settings.exists():
        return "Go on with the same command and --resume."
    return "Nothing was begun."


def _settings(options: dict[str, Any], begun: dict[str, Any] | None) -> "Settings":
    """What the options say; of a run that was begun what it was begun with."""
    from django_nsfw.training.settings import Settings

    arguments: dict[str, Any] = {
        field.name: tuple(options[field.name])
        if isinstance(options[field.name], list)
        else options[field.name]
        for field in fields(Recipe)
        if options[field.name] is not None
    }
    given = {name: options[name] for name in OF_A_RUN if options[name] is not None}
    if options["scratch"] is not None:
        if options["start"] is not None:
            raise TrainingRefused("--start and --scratch are two ways to start. Give one.")
        given |= {"start": options["scratch"], "scratch": True}
    if begun is None:
        return Settings(recipe=Recipe(**arguments), replace=options["force"], **given)
    if options["force"]:
        raise TrainingRefused("--resume goes on and --force begins anew. Give one.")
    settings = Settings.from_json(begun)
    for name, value in {**given, **arguments}.items():
        was = getattr(settings.recipe if name in arguments else settings, name)
        if value != was:
            raise TrainingRefused(
                f"The run was begun with {name} {was!r}, and goes on with it, not with {value!r}."
            )
    return settings


def _machine(options: dict[str, Any]) -> "Machine":
    from django_nsfw.training.settings import Machine

    for name, least in (
        ("micro_batch", 1),
        ("workers", 0),
        ("checkpoint_every", 0),
        ("patience", 0),
    ):
        value = options[name]
        if value is not None and value < least:
            raise TrainingRefused(
                f"--{name.replace('_', '-')} must be at least {least}, not {value}."
            )
    return Machine(
        device=options["device"],
        precision=options["precision"],
        micro_batch=options["micro_batch"],
        workers=options["workers"],
        checkpoint_every=options["checkpoint_every"] * 60,
    )


class _Lines:
    """Progress on standard error now and then, what counts on standard output."""

    def __init__(self, command: Command) -> None:
        self._out, self._err = command.stdout, command.stderr
        self._terminal = command.stderr.isatty()
        self._last = time.monotonic()

    def reading(self, done: int, number: int) -> None:
        self._pass_by(f"{done:,} of {number:,} files read")

    def looking(self, done: int) -> None:
        self._pass_by(f"{done:,} pictures looked at")

    def say(self, event: "Event") -> None:
        from django_nsfw.training.events import Learned, Prepared
        from django_nsfw.training.words import sentence

        if isinstance(event, Learned):
            self._pass_by(sentence(event))
            return
        self.end()
        if isinstance(event, Prepared):
            for name, reason in event.left_out.items():
                self._err.write(f"{name} left out: {reason}")
        self._out.write(sentence(event))

    def end(self) -> None:
        if self._terminal:
            self._err.write("")

    def _pass_by(self, line: str) -> None:
        now = time.monotonic()
        if now - self._last >= (TERMINAL if self._terminal else LINES):
            self._last = now
            self._err.write(
                f"\r{line:<78}" if self._terminal else line, ending="" if self._terminal else "\n"
            )
