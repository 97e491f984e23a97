"""A second detector beside a million scans: the report, the filter of the queue, and claiming.

One scan in twenty was drawn, of the last 90 days. Most have both scores; of one in thirty the two
detectors say whatever they like. The newest are due, and those of others wait before them for the
score that decides.

    [DATABASE_URL=…] python -m benchmarks.shadow [--keep] [ROWS]
"""

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from .asking import SAID, timed
from .rows import fill, in_chunks
from .scratch import analyse, scratch, where

ROWS = 1_000_000
ONE_IN = 20
DUE = 2_000
BLOCKED = 2_000
CLAIMED = 200

COLUMNS = (
    "scan_id", "field", "sha256", "drawn_at", "next_at", "attempts", "doing", "scored_at",
    "detector", "nsfw", "label", "ms", "error_code", "deciding_detector", "deciding_nsfw",
)  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    with scratch(arguments, rows=ROWS, name="shadow") as rows:
        from django.conf import settings

        fill(rows, span=timedelta(days=90))
        _draw()
        settings.NSFW_SHADOW = {"detector": "constant", "share": 1 / ONE_IN}
        print(f"{where()}; {SAID}", flush=True)
        for name, ask in _questions():
            timed(name, ask)
        _claim()


def _draw() -> None:
    from django_nsfw.models import Scan, ShadowScore

    if ShadowScore.objects.exists():
        return
    drawn = list(
        Scan.objects.filter(nsfw__isnull=False)
        .order_by("pk")
        .values_list("pk", "field", "sha256", "created_at", "detector", "nsfw")[::ONE_IN]
    )
    in_chunks("django_nsfw_shadowscore", COLUMNS, _scored(drawn))
    newest = [row[0] for row in drawn[-DUE - BLOCKED :]]
    Scan.objects.filter(pk__in=newest[:BLOCKED]).update(status="unscored")
    analyse("django_nsfw_scan", "django_nsfw_shadowscore")


def _scored(drawn: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    rng = random.Random(6)  # noqa: S311
    for number, (pk, field, sha256, at, detector, nsfw) in enumerate(drawn):
        moment = at.replace(tzinfo=None).isoformat(" ", "microseconds")
        if number >= len(drawn) - DUE - BLOCKED:
            yield (
                pk, field, sha256, moment, moment, 0, None, None, "", None, "", 0, "", "", None,
            )  # fmt: skip
        elif number % 50 == 0:
            yield (
                pk, field, sha256, moment, None, 1, None, moment, "", None, "", 0, "missing", "",
                None,
            )  # fmt: skip
        else:
            own = rng.random() if number % 30 == 0 else 0.8 * nsfw + rng.gauss(0, 0.05)
            yield (
                pk, field, sha256, moment, None, 1, None, moment, "shadow@1",
                min(max(own, 0.0), 1.0), "nsfw", 90, "", detector, nsfw,
            )  # fmt: skip


def _questions() -> Iterator[tuple[str, Callable[[], Any]]]:
    from django.contrib.auth.models import Permission, User
    from django.core.cache import cache
    from django.http import QueryDict
    from django.test import Client
    from django.urls import reverse

    from django_nsfw.queue import counts, pages
    from django_nsfw.queue.asking import Question
    from django_nsfw.shadow.comparing import report
    from django_nsfw.shadow.thresholds import in_force

    person = User.objects.get(pk=2)
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="django_nsfw"))
    browser = Client()
    browser.force_login(person)

    def visit(name: str, query: str = "", *of: int) -> Callable[[], Any]:
        url = reverse(f"admin:{name}", args=of)
        return lambda: browser.get(f"{url}?{query}").content

    def asked(query: str) -> Question:
        return Question.of(QueryDict(query))

    yield "the report, as a page of 90 days", visit("django_nsfw_shadow", "days=90")
    yield "nsfw_shadow --report, --carry-over", lambda: report().carried
    yield "the thresholds of the queue, once in five minutes", lambda: cache.clear() or in_force()
    for query in (
        "shadow=1", "shadow=1&status=clear", "shadow=1&status=clear&sort=-score",
        "shadow=1&status=clear&sort=uncertainty", "shadow=1&status=clear&field=host.Slide.image",
        "shadow=1&status=clear&uploader=1", "shadow=1&status=clear&low=0.9",
    ):  # fmt: skip
        question = asked(query)
        yield (
            f"first page, {query}",
            lambda question=question: pages.page(question, person).scans,
        )
        yield f"count, {query}", lambda question=question: counts.count(question, person)
    for query in ("shadow=1", "shadow=1&status=clear"):
        yield f"whole page: grid, {query}", visit("django_nsfw_queue", query)
        scans = pages.page(asked(query), person).scans
        if scans:
            middle = scans[len(scans) // 2].pk
            yield f"whole page: single, {query}", visit("django_nsfw_queue_item", query, middle)


def _claim() -> None:
    """Their files are missing, so that what is measured is the claim and the settling."""
    from django_nsfw.shadow.scoring import score

    started = time.perf_counter()
    done = sum(1 for _ in score(limit=CLAIMED))
    took = (time.perf_counter() - started) / done
    print(f"{'a row claimed and settled':<70} {took * 1000:>9.1f} ms  {done}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
