"""What each filter lets through, and what pages, counts and the next one say of it."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.http import QueryDict
from django.utils import timezone

from django_nsfw import permissions
from django_nsfw.models import KnownImage, SavedQueue, Scan
from django_nsfw.queue import counts as counting
from django_nsfw.queue import matching
from django_nsfw.queue.asking import Question
from django_nsfw.queue.claims import claim
from django_nsfw.queue.counts import Count, counts
from django_nsfw.queue.pages import Beside, following, page
from tests.queue.conftest import START, row

pytestmark = pytest.mark.django_db

PHOTO, ASSET = "host.Photo.image", "host.Asset.file"


def asked(query="") -> Question:
    return Question.of(QueryDict(query))


def numbers(scans) -> list[int]:
    return [int(scan.object_pk) for scan in scans]


@pytest.fixture
def rows(mo):
    """One for each thing that can be asked for."""
    owner = get_user_model().objects.create_user("owner", pk=77)
    known = KnownImage.objects.create(key="s:a", sha256="a", outcome="reject", source="a list")
    now = timezone.now()
    everything = [
        row(0, nsfw=0.5, verdict="review"),
        row(1, nsfw=0.75, field=ASSET, status=Scan.Status.FLAGGED),
        row(2, nsfw=None, error_code="timeout", verdict="unknown"),
        row(3, nsfw=0.8, known=known, verdict="reject"),
        row(4, nsfw=None, error_code="unreadable_image", known=known, known_distance=3),
        row(5, nsfw=0.9, detector="timm/other"),
        row(6, nsfw=0.95, label="explicit"),
        row(7, nsfw=0.5, uploader=owner),
        row(8, nsfw=0.5, created_at=now - timedelta(hours=5)),
        row(9, nsfw=0.5, created_at=now - timedelta(hours=1), escalated_at=now),
        row(10, nsfw=0.5, status=Scan.Status.APPROVED),
        row(11, nsfw=0.1, status=Scan.Status.CLEAR),
    ]
    claim(everything[5], mo)
    return everything


FILTERS = {
    "": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    "status=flagged": [1],
    "status=approved&status=clear": [10, 11],
    "field=host.Asset.file": [1],
    "field=host.Asset.file&field=host.Photo.image": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    "field=left.The.project": [],
    "low=0.75": [1, 3, 5, 6],
    "high=0.75": [0, 1, 7, 8, 9],
    "low=0.75&high=0.8": [1, 3],
    "reason=timeout": [2],
    "reason=known": [3, 4],
    "reason=score": [0, 1, 5, 6, 7, 8, 9],
    "reason=score&reason=timeout": [0, 1, 2, 5, 6, 7, 8, 9],
    "reason=known&reason=timeout": [2, 3, 4],
    "reason=nothing_like_it": [],
    "verdict=unknown": [2],
    "verdict=review&verdict=reject": [0, 3],
    "detector=timm%2Fother": [5],
    "detector=TIMM%2Fother": [],
    "label=explicit": [6],
    "uploader=77": [7],
    "uploader=78": [],
    "min_age=2": [0, 1, 2, 3, 4, 5, 6, 7, 8],
    "max_age=2": [9],
    "min_age=2&max_age=6": [8],
    "mine=1": [5],
    "escalated=1": [9],
    "low=0.75&reason=score&field=host.Photo.image": [5, 6],
}


@pytest.mark.parametrize("query", FILTERS)
def test_pages_counts_and_the_next_one_are_of_what_was_asked_for(rows, mo, query):
    question, expected = asked(query), FILTERS[query]
    assert numbers(page(question, mo).scans) == expected
    assert counts(question, mo).shown == Count(number=len(expected))
    by_score = numbers(page(asked(f"{query}&sort=uncertainty"), mo).scans)
    assert sorted(by_score) == expected
    seen = [rows[11].pk]
    by_key = {scan.pk: scan for scan in rows}
    while found := following(question, mo, by_key[seen[-1]], skipping=seen).pk:
        seen.append(found)
    assert sorted(seen[1:]) == [rows[number].pk for number in expected if number != 11]


@pytest.mark.parametrize("query", FILTERS)
def test_who_is_restricted_gets_none_of_other_fields(rows, person, query):
    narrow = person("view_scan", name="narrow", fields=[ASSET])
    expected = [number for number in FILTERS[query] if number == 1]
    assert numbers(page(asked(query), narrow).scans) == expected
    assert counts(asked(query), narrow).shown == Count(number=len(expected))
    after = following(asked(query), narrow, rows[0])
    assert after == Beside(pk=rows[1].pk if expected else None, further="")


MOMENTS = {
    "from a moment on": ({"since": 7}, [7, 10, 11, 8, 9]),
    "up to a moment": ({"until": 2}, [0, 1, 2]),
    "between two, and both of them": ({"since": 2, "until": 4}, [2, 3, 4]),
    "a moment and an age, the stricter one": ({"since": 0, "max_age": 2}, [9]),
    "an age and a moment, the stricter one": ({"until": 3, "min_age": 2}, [0, 1, 2, 3]),
    "one object": ({"object_pk": "3", "fields": (PHOTO,)}, [3]),
    "one object, of another field": ({"object_pk": "3", "fields": (ASSET,)}, []),
}
"""Moments as hours since the first row."""


@pytest.mark.parametrize(("wanted", "expected"), MOMENTS.values(), ids=MOMENTS)
def test_programs_ask_for_moments_and_objects(rows, mo, wanted, expected):
    moments = {
        key: START + timedelta(hours=hour)
        for key, hour in wanted.items()
        if key in ("since", "until")
    }
    question = Question(statuses=tuple(Scan.Status.values), **wanted | moments)
    assert numbers(page(question, mo).scans) == expected
    assert counting.count(question, mo) == Count(number=len(expected))


def test_the_files_of_one_object_are_found_without_looking_at_others(rows, mo, monkeypatch):
    monkeypatch.setattr(matching, "LOOKED_AT", 1)
    Scan.objects.filter(object_pk="11").update(label="last")
    question = Question(statuses=("clear",), fields=(PHOTO,), object_pk="11", label="last")
    shown = page(question, mo)
    assert (numbers(shown.scans), shown.stopped) == ([11], "")


class TestCounts:
    def test_they_end_at_a_cap(self, mo, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr(counting, "CAP", 3)
        for number in range(5):
            assert str(counting.count(asked(), mo)) == ["0", "1", "2", "3", "3+"][number]
            row(number)
        with django_assert_num_queries(1):
            assert counting.count(asked(), mo) == Count(number=3, more=True)

    @pytest.mark.parametrize(
        ("query", "said", "queries"),
        [
            ("status=clear", "5", 1),
            ("status=clear&label=explicit", "1+", 2),
            ("status=clear&status=approved&label=explicit", "1+", 2),
            ("status=approved&label=explicit", "0", 2),
            ("status=clear&low=0.5&high=0.5", "5", 1),
            ("status=clear&label=explicit&escalated=1", "0", 1),
            ("label=explicit", "0", 2),
            ("status=clear&field=host.Photo.image", "3+", 2),
            ("field=host.Photo.image", "0", 1),
        ],
    )
    def test_in_the_archive_filters_without_an_index_look_at_the_newest(
        self, mo, monkeypatch, django_assert_num_queries, query, said, queries
    ):
        monkeypatch.setattr(matching, "LOOKED_AT", 3)
        for number in range(5):
            row(number, status="clear", nsfw=0.5, label="explicit" if number in (0, 4) else "")
        permissions.restricted_to(mo)
        with django_assert_num_queries(queries):
            assert str(counting.count(asked(query), mo)) == said

    @pytest.mark.parametrize(
        ("language", "said"), [("en", "1,000+"), ("de", "1.000+"), ("fr", "1\xa0000+")]
    )
    def test_they_are_written_as_one_writes_numbers(self, language, said, settings):
        settings.USE_THOUSAND_SEPARATOR, settings.LANGUAGE_CODE = False, language
        assert str(Count(number=1000, more=True)) == said

    def test_saved_queues_ones_own_first_and_those_of_others_that_are_shared(
        self, rows, mo, person, django_assert_num_queries
    ):
        other = person(name="other")
        for owner, name, query, shared in [
            (mo, "explicit", "label=explicit", False),
            (mo, "all", "", True),
            (other, "errors", "reason=timeout&reason=unreadable_image", True),
            (other, "private", "", False),
            (other, "broken", "low=high", True),
        ]:
            SavedQueue.objects.create(owner=owner, name=name, query=query, shared=shared)
        with django_assert_num_queries(
            4
        ):  # the groups, the queues, the edge of a status, the counts
            found = counts(asked("status=flagged"), mo)
        assert found.shown == Count(number=1)
        assert [(each.queue.name, each.count.number) for each in found.saved] == [
            ("all", 10), ("explicit", 1), ("broken", 10), ("errors", 2),
        ]  # fmt: skip

    def test_of_many_saved_queues_ones_own_are_counted_and_others_up_to_a_bound(
        self, mo, person, monkeypatch, django_assert_num_queries
    ):
        monkeypatch.setattr(counting, "COUNTED", 3)
        monkeypatch.setattr(counting, "LISTED", 5)
        other = person(name="other")
        for number in range(4):
            SavedQueue.objects.create(owner=other, name=f"a{number}", query="", shared=True)
        SavedQueue.objects.create(owner=mo, name="mine", query="", shared=False)
        permissions.restricted_to(mo)

        def named():
            found = counts(asked(), mo)
            counted = [each.queue.name for each in found.saved]
            return counted, [queue.name for queue in found.uncounted], found.more

        with django_assert_num_queries(2):
            assert named() == (["mine", "a0", "a1"], ["a2", "a3"], False)
        SavedQueue.objects.create(owner=other, name="a4", query="", shared=True)
        assert named() == (["mine", "a0", "a1"], ["a2", "a3"], True)


class TestWhatIsShown:
    def test_rows_come_with_everything_that_a_tile_says(self, rows, mo, django_assert_num_queries):
        mo.groups.all()
        with django_assert_num_queries(4):  # the groups, two statuses, the rows
            shown = page(asked(), mo).scans
        with django_assert_num_queries(0):
            said = [
                (
                    scan.version,
                    scan.uploader and scan.uploader.get_username(),
                    scan.known and scan.known.said(scan.known_distance),
                    hasattr(scan, "claim") and scan.claim.user_name,
                )
                for scan in shown
            ]
        assert said[0] == ("held.0", None, None, False)
        assert said[3][2] == "rejected, the same bytes, list “a list”"
        assert said[5][3] == "mo"
        assert said[7][1] == "owner"

    def test_queries_do_not_grow_with_the_page(self, rows, mo, django_assert_num_queries):
        with django_assert_num_queries(4):
            page(asked(), mo, size=2)


class TestOthersSettleMeanwhile:
    """The tenth of thirty is the last of a page."""

    @pytest.fixture
    def thirty(self):
        return [row(number, nsfw=0.5 + number / 100) for number in range(30)]

    def settle(self, *scans):
        for scan in scans:
            assert scan.move(Scan.Status.APPROVED)

    @pytest.mark.parametrize("sort", ["-age", "score", "uncertainty"])
    def test_the_next_page_begins_where_it_would_have(self, thirty, mo, sort):
        question = asked(f"sort={sort}")
        first = page(question, mo, size=10)
        self.settle(*thirty[:9], thirty[9], thirty[12])
        assert numbers(page(question, mo, after=first.next, size=10).scans) == [
            10, 11, 13, 14, 15, 16, 17, 18, 19, 20,
        ]  # fmt: skip

    def test_so_does_the_one_before(self, thirty, mo):
        first = page(asked(), mo, size=10)
        second = page(asked(), mo, after=first.next, size=10)
        self.settle(*thirty[10:15], thirty[3])
        row(100, created_at=thirty[0].created_at - timedelta(hours=1))
        before = page(asked(), mo, before=second.previous, size=10)
        assert numbers(before.scans) == [100, 0, 1, 2, 4, 5, 6, 7, 8, 9]

    def test_an_empty_page_leads_back(self, thirty, mo):
        first = page(asked(), mo, size=10)
        self.settle(*thirty[10:])
        empty = page(asked(), mo, after=first.next, size=10)
        assert (numbers(empty.scans), empty.next) == ([], "")
        back = page(asked(), mo, before=empty.previous, size=10)
        assert numbers(back.scans) == list(range(10))

    def test_after_what_was_settled_comes_what_came_after_it(self, thirty, mo):
        self.settle(*thirty[5:9])
        assert following(asked(), mo, thirty[5]).pk == thirty[9].pk
        assert following(asked("sort=uncertainty"), mo, thirty[7]).pk == thirty[9].pk


@pytest.mark.parametrize(
    "cursor",
    [
        "x", "é", "\x00", "=", "W10", "e30", "MQ", "bnVsbA",
        "WzEsICJ4IiwgMC41LCAiYSJd",  # no date
        "WzEsICIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgMC41LCAiYSJd",  # no time zone
        "WzEsICIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgMTUsICJhIl0",  # no score
        "WzFlOTksICIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgMC41LCAiYSJd",  # no key
        "WzEsICIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgTmFOLCAiYSJd",  # no number
        "[" * 2000,
    ],
    ids=ascii,
)  # fmt: skip
@pytest.mark.parametrize("which", ["after", "before"])
def test_a_cursor_that_makes_no_sense_is_none(rows, mo, which, cursor):
    found = page(asked("sort=uncertainty"), mo, **{which: cursor}, size=3)
    assert numbers(found.scans) == numbers(page(asked("sort=uncertainty"), mo, size=3).scans)
