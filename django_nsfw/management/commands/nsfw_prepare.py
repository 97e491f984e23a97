"""``manage.py nsfw_prepare``: have every detector ready before the first upload."""

import json
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_nsfw.detectors import detectors
from django_nsfw.detectors.preparation import Prepared, prepare


class Command(BaseCommand):
    help = "Fetches, verifies and warms the configured detectors. Run it where you deploy."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "aliases", nargs="*", metavar="alias", help="Detectors to prepare; all unless named."
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        results = []
        for result in prepare(self._aliases(options["aliases"])):
            results.append(result)
            if options["format"] == "text" and not result.error:
                self._print(result)
        if options["format"] == "json":
            self.stdout.write(json.dumps([asdict(result) for result in results], indent=2))
        failed = [result for result in results if result.error]
        if failed:
            causes = "\n".join(f"{result.alias}: {result.error}" for result in failed)
            raise CommandError(f"{len(failed)} of {len(results)} not prepared.\n{causes}")

    def _aliases(self, named: list[str]) -> list[str]:
        try:
            configured = list(detectors)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        for alias in named:
            if alias not in configured:
                raise CommandError(
                    f"NSFW_DETECTORS has no detector {alias!r}. "
                    f"Configured: {', '.join(configured)}."
                )
        return named or configured

    def _print(self, result: Prepared) -> None:
        self.stdout.write(self.style.SUCCESS(f"{result.alias}: ready"))
        marked = [f"{x} (NSFW)" if x in result.nsfw_labels else x for x in result.labels]
        lines = {
            "identity": result.identity,
            "labels": ", ".join(marked),
            "weights": result.weights,
            "load": f"{result.load_seconds:.2f} s",
            "warm": f"{result.ms_per_image:.0f} ms per image",
        }
        for name, value in lines.items():
            if value:
                self.stdout.write(f"  {name:<9}{value}")
