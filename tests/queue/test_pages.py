"""Pages of the queue: every order, forwards and backwards, while others settle."""

import pytest
from django.http import QueryDict

from django_nsfw import permissions
from django_nsfw.models import Scan
from django_nsfw.queue.asking import SORTS, Question
from django_nsfw.queue.claims import claim
from django_nsfw.queue.pages import Beside, following, neighbours, page
from tests.queue.conftest import row

pytestmark = pytest.mark.django_db

SCORES = [0.9, 0.45, None, 0.5, 0.2, 0.9, None, 0.55, 0.3, 0.7, 0.5, 0.1]
"""Held and flagged in turn, each an hour younger; the threshold is 0.5."""

IN_ORDER = {
    "-age": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    "age": [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    "score": [11, 4, 8, 1, 3, 10, 7, 9, 0, 5, 2, 6],
    "-score": [5, 0, 9, 7, 10, 3, 1, 8, 4, 11, 2, 6],
    "uncertainty": [3, 10, 1, 7, 9, 8, 4, 0, 5, 11, 2, 6],
}


@pytest.fixture
def waiting():
    status = [Scan.Status.HELD, Scan.Status.FLAGGED]
    return [
        row(number, nsfw=score, status=status[number % 2], error_code="" if score else "timeout")
        for number, score in enumerate(SCORES)
    ]


def asked(query="") -> Question:
    return Question.of(QueryDict(query))


def beside(scan) -> Beside:
    return Beside(pk=scan and scan.pk, further="")


def numbers(page) -> list[int]:
    return [int(scan.object_pk) for scan in page.scans]


def test_the_orders_are_all_here():
    assert set(IN_ORDER) == set(SORTS)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("sort", IN_ORDER)
def test_the_queue_from_its_beginning_to_its_end_and_back(waiting, mo, sort, size):
    question, expected = asked(f"sort={sort}"), IN_ORDER[sort]
    shown = page(question, mo, size=size)
    assert shown.previous == ""
    forwards = numbers(shown)
    while shown.next:
        shown = page(question, mo, after=shown.next, size=size)
        forwards += numbers(shown)
    assert forwards == expected
    back = numbers(shown)
    while shown.previous:
        shown = page(question, mo, before=shown.previous, size=size)
        back = [*numbers(shown), *back]
    assert back[-len(expected) :] == expected
    assert numbers(shown) == expected[:size]


@pytest.mark.parametrize("sort", IN_ORDER)
def test_the_next_one_is_that_of_the_order_and_after_the_last_the_first(waiting, mo, sort):
    expected = IN_ORDER[sort]
    for at, number in enumerate(expected):
        after = following(asked(f"sort={sort}"), mo, waiting[number])
        assert after == beside(waiting[expected[(at + 1) % len(expected)]])


@pytest.mark.parametrize("sort", IN_ORDER)
def test_what_is_on_both_sides(waiting, mo, sort, django_assert_max_num_queries):
    expected = [waiting[number] for number in IN_ORDER[sort]]
    around = zip([None, *expected], expected, [*expected[1:], expected[0]], strict=False)
    permissions.restricted_to(mo)
    for before, scan, after in around:
        with django_assert_max_num_queries(3):
            found = neighbours(asked(f"sort={sort}"), mo, scan)
        assert found == (beside(after), beside(before))


def test_where_nothing_else_waits_there_is_nothing_on_either_side(mo, django_assert_num_queries):
    scan = row(1, nsfw=0.5)
    permissions.restricted_to(mo)
    for sort in SORTS:
        with django_assert_num_queries(2):
            assert neighbours(asked(f"sort={sort}"), mo, scan) == (beside(None), beside(None))


def test_what_somebody_else_has_open_or_is_to_be_skipped_does_not_follow(waiting, mo, person):
    claim(waiting[1], person(name="somebody else"))
    claim(waiting[3], mo)
    assert following(asked(), mo, waiting[0]) == beside(waiting[2])
    assert following(asked(), mo, waiting[0], skipping=[waiting[2].pk]) == beside(waiting[3])
