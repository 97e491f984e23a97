"""``manage.py nsfw_export``: one ``.onnx`` file that scores without torch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from PIL.Image import Image

from django_nsfw.conf import nsfw_settings
from django_nsfw.detectors import Detector, detectors
from django_nsfw.detectors.parity import Parity
from django_nsfw.exceptions import ImageError, NSFWError
from django_nsfw.files import files_below
from django_nsfw.images import open_picture
from django_nsfw.policy import Policy
from django_nsfw.registry import registry

SNIPPET = """\
NSFW_DETECTORS = {{
    {alias}: {{
        "BACKEND": "django_nsfw.detectors.onnx.OnnxDetector",
        "OPTIONS": {{
            "path": {path},
            "sha256": {sha256},
        }},
    }},
}}"""


class Command(BaseCommand):
    help = "Writes a detector to an ONNX file, once its scores are the same."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--detector", default="default", metavar="ALIAS")
        parser.add_argument("--output", required=True, type=Path, metavar="FILE")
        parser.add_argument(
            "--pictures",
            type=Path,
            metavar="DIR",
            help="Compare the scores of the pictures in this folder and below it, too.",
        )
        parser.add_argument(
            "--precision",
            default="fp32",
            choices=["fp32", "fp16", "int8"],
            help="of the weights in the file; lower ones are held to verdicts",
        )
        parser.add_argument("--force", action="store_true", help="Replace FILE if it exists.")

    def handle(self, *args: Any, **options: Any) -> None:
        alias, output, folder = options["detector"], options["output"], options["pictures"]
        if folder is not None and not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        if output.exists() and not output.is_file():
            raise CommandError(f"{output} is no file. Name a file.")
        if output.exists() and not options["force"]:
            raise CommandError(f"{output} exists. Give --force to replace it.")
        try:
            detector = detectors.build(alias)
            export = self._exporter(alias, detector)
            detector.load()
            pictures = list(self._pictures(folder, detector.input_side)) if folder else []
            if folder and not pictures:
                raise CommandError(f"{folder} has no picture that can be read.")
            from django_nsfw.detectors.samples import drawn_pictures

            done = export(
                detector,
                output,
                pictures=[*drawn_pictures(), *pictures],
                thresholds=_thresholds(alias),
                precision=options["precision"],
                replace=options["force"],
            )
        except (NSFWError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{output}: {done.size:,} bytes"))
        for line in _said(done.parity, alias, options["precision"]):
            self.stdout.write(line)
        self.stdout.write("Use it with:\n")
        values = {"alias": alias, "path": str(output.resolve()), "sha256": done.sha256}
        self.stdout.write(
            SNIPPET.format(**{k: json.dumps(v, ensure_ascii=False) for k, v in values.items()})
        )

    def _exporter(self, alias: str, detector: Detector) -> Any:
        torch = "django_nsfw.detectors.torch_classifier"  # Not imported here: it takes seconds.
        if not any(cls.__module__ == torch for cls in type(detector).__mro__):
            raise CommandError(
                f"{alias!r} is of the class {type(detector).__name__}. Only a TimmDetector and a "
                "TransformersDetector can be exported."
            )
        try:
            from django_nsfw.detectors.export import export
        except ImportError as error:
            raise CommandError(
                f'{error}. Install it with: pip install "django-nsfw[export]"'
            ) from error
        return export

    def _pictures(self, folder: Path, input_side: int) -> Iterator[Image]:
        """The first crop of each picture. What is none is said and skipped."""
        for path in files_below([folder]):
            if not path.is_file():
                continue
            try:
                with path.open("rb") as file:
                    crops = open_picture(file, nsfw_settings.limits).crops(input_side=input_side)
                    yield next(crops).image
            except (ImageError, OSError) as error:
                self.stderr.write(f"{path} left out: {error}")


def _said(parity: Parity, alias: str, precision: str) -> Iterator[str]:
    yield (
        f"Largest difference of a score from the original's on {parity.pictures} pictures: "
        f"{parity.difference:.1e}"
    )
    if parity.as_configured > parity.difference:
        yield (
            f"From {alias!r} as it is, which resizes with torchvision and not with Pillow: "
            f"{parity.as_configured:.1e}"
        )
    if not parity.thresholds:
        return
    at = ", ".join(f"{there.threshold:g}" for there in parity.thresholds)
    yield f"Verdicts that changed at the thresholds {at}: none"
    closest = min(parity.thresholds, key=lambda there: there.closest)
    yield (
        f"The closest score to one of them lies {closest.closest:.2g} from {closest.threshold:g}. "
        "Pictures of your own, with --pictures, may come closer."
    )
    if precision != "fp32":
        moves = (f"{there.shift:.1g} at {there.threshold:g}" for there in parity.thresholds)
        yield f"How far a score just there may move: {', '.join(moves)}"


def _thresholds(alias: str) -> set[float]:
    """Those of the policies that ask this detector, of the project and of its fields."""
    layers = [{}, *(watched.options for watched in registry.watched.values())]
    policies = [Policy.of(nsfw_settings.policy, layer) for layer in layers]
    asking = [policy for policy in policies if policy.detector == alias]
    return {t for policy in asking for t in (policy.review, policy.reject) if t is not None}
