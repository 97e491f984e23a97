"""What the app adds to ``django.setup()``, models, admin and URLs included."""

import statistics
from collections.abc import Sequence

from benchmarks.processes import run

SCRIPT = """
import tests.settings as settings
left_out = {"with": ["tests.host"], "without": ["tests.host", "django_nsfw"]}[sys.argv[1]]
settings.INSTALLED_APPS = [a for a in settings.INSTALLED_APPS if a not in left_out]
settings.NSFW_FIELDS = {}  # they are those of tests.host
import PIL.Image, rest_framework  # so that neither way pays for what both use
started = time.perf_counter()
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
print(json.dumps({"ms": (time.perf_counter() - started) * 1000}))
"""
ROUNDS = 40


def main(arguments: Sequence[str]) -> None:
    """Pairs, one after the other: what else the machine does comes and goes more slowly."""
    for way in ("with", "without"):
        run(SCRIPT, way)  # compiles what has changed
    pairs = [(run(SCRIPT, "with")["ms"], run(SCRIPT, "without")["ms"]) for _ in range(ROUNDS)]
    more = statistics.median(with_app - without for with_app, without in pairs)
    without = statistics.median(without for _, without in pairs)
    print(
        f"django.setup(): {without:.0f} ms without the app, {more:+.0f} ms with it "
        f"(medians of {ROUNDS} pairs; to be held: +30)"
    )
