"""What the app adds to ``django.setup()``, models, admin and URLs included."""

import statistics
from collections.abc import Sequence

from benchmarks.processes import run

SCRIPT = """
import tests.settings as settings
left_out = {"with": ["tests.host"], "without": ["tests.host", "django_nsfw"]}[sys.argv[1]]
settings.INSTALLED_APPS = [a for a in settings.INSTALLED_APPS if a not in left_out]
import PIL.Image, rest_framework  # so that neither way pays for what both use
started = time.perf_counter()
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
print(json.dumps({"ms": (time.perf_counter() - started) * 1000}))
"""
ROUNDS = 15


def main(arguments: Sequence[str]) -> None:
    times: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(ROUNDS):
        for way, measured in times.items():
            measured.append(run(SCRIPT, way)["ms"])
    with_app, without = (statistics.median(times[way]) for way in ("with", "without"))
    print(
        f"django.setup(): {without:.0f} ms without the app, {with_app:.0f} ms with it: "
        f"{with_app - without:+.0f} ms (medians of {ROUNDS}; to be held: +30)"
    )
