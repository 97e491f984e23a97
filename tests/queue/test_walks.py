"""Where rows must be read to tell whether they are asked for, pages end at an edge and go on."""

import pytest
from django.http import QueryDict

from django_nsfw import permissions
from django_nsfw.models import Scan
from django_nsfw.queue import matching
from django_nsfw.queue.asking import SORTS, Question
from django_nsfw.queue.pages import Beside, following, neighbours, page
from tests.queue.conftest import row

pytestmark = pytest.mark.django_db

ASSET = "host.Asset.file"
WANTED = (3, 4, 17, 29)
SCORES = [0.5, 0.9, None, 0.3, 0.3, 0.31, 0.7, None]


@pytest.fixture
def waiting(monkeypatch):
    monkeypatch.setattr(matching, "LOOKED_AT", 6)
    return [
        row(
            number,
            nsfw=SCORES[number % 8],
            error_code="" if SCORES[number % 8] else "timeout",
            status=[Scan.Status.HELD, Scan.Status.FLAGGED][number % 3 == 0],
            field=ASSET if number % 5 == 0 else "host.Photo.image",
            label="cat" if number in WANTED else "",
        )
        for number in range(30)
    ]


def asked(query="") -> Question:
    return Question.of(QueryDict(query))


def numbers(shown) -> list[int]:
    return [int(scan.object_pk) for scan in shown.scans]


def whole(user, query) -> list[int]:
    return numbers(page(asked(query), user, size=100))


@pytest.mark.parametrize("size", [1, 2, 60])
@pytest.mark.parametrize("sort", SORTS)
def test_page_after_page_everything_is_found_in_its_order_and_back(waiting, mo, sort, size):
    in_order = [n for n in whole(mo, f"sort={sort}") if n in WANTED]
    question = asked(f"sort={sort}&label=cat")
    shown = page(question, mo, size=size)
    forwards, stops = numbers(shown), 0
    while shown.next:
        stops += shown.stopped == "after"
        shown = page(question, mo, after=shown.next, size=size)
        forwards += numbers(shown)
    assert (forwards, shown.stopped) == (in_order, "")
    assert 2 <= stops <= 30
    back = set(numbers(shown))
    while shown.previous:
        shown = page(question, mo, before=shown.previous, size=size)
        back |= set(numbers(shown))
    assert back == set(in_order)


@pytest.mark.parametrize("sort", SORTS)
def test_the_ones_beside_are_those_of_the_order_or_it_is_said_where_to_look_on(waiting, mo, sort):
    in_order = [n for n in whole(mo, f"sort={sort}") if n in WANTED]
    question = asked(f"sort={sort}&label=cat")
    for at, number in enumerate(in_order):
        after, before = neighbours(question, mo, waiting[number])
        assert following(question, mo, waiting[number]) == after
        wanted = in_order[(at + 1) % len(in_order)]
        if after.pk is None:
            shown = page(question, mo, after=after.further)
            while not shown.scans:
                shown = page(question, mo, after=shown.next)
            wanted_there = in_order[at + 1 :] or in_order
            assert numbers(shown)[0] == wanted_there[0]
        else:
            assert after == Beside(pk=waiting[wanted].pk, further="")
        if before.pk is not None:
            assert before == Beside(pk=waiting[in_order[at - 1]].pk, further="")
        assert at > 0 or before.pk is None


def test_equal_values_are_looked_at_together_and_left_behind(mo, monkeypatch):
    monkeypatch.setattr(matching, "LOOKED_AT", 4)
    for number in range(20):
        row(number, nsfw=0.5 if number < 15 else 0.6, label="cat" if number == 19 else "")
    shown, pages = page(asked("sort=score&label=cat"), mo), 1
    while not shown.scans:
        shown, pages = page(asked("sort=score&label=cat"), mo, after=shown.next), pages + 1
    assert (numbers(shown), pages) == ([19], 2)


def test_what_is_over_is_said_to_be_over(mo, monkeypatch):
    monkeypatch.setattr(matching, "LOOKED_AT", 10)
    for number in range(5):
        row(number)
    shown = page(asked("label=cat"), mo)
    assert (list(shown.scans), shown.next, shown.previous, shown.stopped) == ([], "", "", "")
    assert following(asked("label=cat"), mo, Scan.objects.first()) == Beside(pk=None, further="")


EDGES = {
    "label=cat": True,
    "detector=none": True,
    "reason=timeout": True,
    "verdict=reject": True,
    "status=clear&field=host.Asset.file": True,
    "field=host.Asset.file": False,
    "low=0.99": False,
    "label=cat&uploader=1": False,
    "label=cat&escalated=1": False,
    "label=cat&mine=1": False,
    "": False,
}


@pytest.mark.parametrize(("query", "edges"), EDGES.items(), ids=EDGES)
def test_only_what_no_index_serves_ends_at_an_edge(
    mo, monkeypatch, django_assert_num_queries, query, edges
):
    monkeypatch.setattr(matching, "LOOKED_AT", 2)
    for number in range(6):
        row(number, nsfw=0.5)
        row(number + 10, nsfw=0.5, status="clear", quarantine_name="")
    permissions.restricted_to(mo)
    question = asked(query)
    rows = 0 if query else 1
    with django_assert_num_queries(len(question.statuses) + edges + rows):
        shown = page(question, mo)
    assert shown.stopped == ("after" if edges else "")


def test_ages_and_bands_are_no_part_of_what_is_looked_at(waiting, mo):
    """The walk begins with them: nothing is looked at in vain."""
    assert numbers(page(asked("sort=-score&label=cat&high=0.3"), mo)) == [4, 3]
