"""The review queue in a long table: queries and milliseconds of what its pages ask for.

[DATABASE_URL=…] python -m benchmarks.queue [--keep] [ROWS]
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .asking import SAID, timed
from .rows import fill
from .scratch import scratch, where

ROWS = 10_000_000
DEEP = 100
"""Pages before the deep one."""


def main(arguments: Sequence[str]) -> None:
    with scratch(arguments, rows=ROWS, name="queue") as rows:
        fill(rows)
        print(f"{where()}; {SAID}", flush=True)
        for name, ask in _questions():
            timed(name, ask)


def _questions() -> Iterator[tuple[str, Callable[[], Any]]]:
    from django.contrib.auth.models import Group, Permission, User
    from django.http import QueryDict
    from django.test import Client
    from django.urls import reverse

    from django_nsfw.models import FieldAccess, Scan
    from django_nsfw.queue import around, claims, counts, pages
    from django_nsfw.queue.asking import Question

    person = User.objects.get(pk=2)
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="django_nsfw"))
    narrow = User.objects.get(pk=3)
    group, _ = Group.objects.get_or_create(name="slides")
    FieldAccess.objects.get_or_create(group=group, field="host.Slide.image")
    narrow.groups.add(group)

    browser = Client()
    browser.force_login(person)

    def visit(query: str, *of: int) -> Callable[[], Any]:
        url = reverse("admin:django_nsfw_queue" + ("_item" if of else ""), args=of)
        return lambda: browser.get(f"{url}?{query}").content

    def asked(query: str) -> Question:
        return Question.of(QueryDict(query))

    def first(query: str, who: User = person) -> Callable[[], Any]:
        return lambda: pages.page(asked(query), who).scans

    for sort in ("-age", "-score", "uncertainty"):
        yield f"whole page: grid, sort={sort}", visit(f"sort={sort}")
        middle = pages.page(asked(f"sort={sort}"), person).scans[30]
        yield f"whole page: single, sort={sort}", visit(f"sort={sort}", middle.pk)
    for sort in ("-age", "age", "-score", "score", "uncertainty"):
        yield f"first page, sort={sort}", first(f"sort={sort}")
    for sort in ("-age", "-score", "uncertainty"):
        question, at = asked(f"sort={sort}"), pages.page(asked(f"sort={sort}"), person)
        for _ in range(DEEP - 1):
            at = pages.page(question, person, after=at.next)
        after = at.next
        yield (
            f"page {DEEP + 1}, sort={sort}",
            lambda question=question, after=after: pages.page(question, person, after=after).scans,
        )
        yield (
            f"the page before, sort={sort}",
            lambda question=question, after=after: pages.page(question, person, before=after).scans,
        )
    filters = [
        "field=host.Slide.image", "low=0.98", "low=0.98&sort=uncertainty", "reason=timeout",
        "reason=score", "reason=known", "reason=known&sort=-score", "verdict=unknown",
        "detector=hf_hub:Marqo/nsfw-image-detection-384@0c26ec2/timm/fp32/v3", "detector=none",
        "label=drawing", "label=none", "uploader=1", "uploader=50000", "max_age=24",
        "min_age=10000", "mine=1", "escalated=1", "status=approved&sort=age", "status=clear",
        "status=clear&sort=-score", "status=clear&sort=uncertainty", "status=clear&uploader=50000",
        "status=clear&uploader=1&sort=-score", "status=clear&label=none",
    ]  # fmt: skip
    for query in filters:
        yield f"first page, {query[:50]}", first(query)
    yield "first page, restricted to one field in a hundred", first("", narrow)
    yield "the same, sort=uncertainty", first("sort=uncertainty", narrow)
    for query in ["", *filters]:
        yield f"count, {query[:50]}", lambda query=query: counts.count(asked(query), person)
    scan = pages.page(asked("sort=-score"), person).scans[30]
    heavy = pages.page(asked("uploader=1&reason=known"), person).scans
    yield "single: the next", lambda: pages.following(asked(""), person, scan)
    yield (
        "single: the next by uncertainty",
        lambda: pages.following(asked("sort=uncertainty"), person, scan),
    )
    for said, one in [("", scan), *((" of a busy uploader", scan) for scan in heavy[:1])]:
        yield f"single: record{said}", lambda one=one: around.uploader_record(one, person)
        yield f"single: twins{said}", lambda one=one: around.twins(one, person)
    yield "claim, renewed", lambda: claims.claim(scan, person)
    yield "holders of 60", lambda: claims.holders(pages.page(asked(""), person).scans)
    yield "one scan by its key", lambda: Scan.objects.with_versions().get(pk=scan.pk)


if __name__ == "__main__":
    main(sys.argv[1:])
