"""What stands beside a scan: its uploader's record, and the same picture elsewhere."""

import pytest
from django.contrib.auth import get_user_model

from django_nsfw.models import Decision, KnownImage, Scan
from django_nsfw.queue import counts
from django_nsfw.queue.around import SHOWN, twins, uploader_record
from django_nsfw.queue.counts import Count
from tests.queue.conftest import row

pytestmark = pytest.mark.django_db

PHOTO, ASSET = "host.Photo.image", "host.Asset.file"


def pdq(*bits) -> str:
    """A hash that differs in these bits from another one."""
    return f"{0x5A << 200 ^ sum(1 << bit for bit in bits):064x}"


def hashed(number, *bits, **options) -> Scan:
    return row(number, **{"pdq": pdq(*bits), "pdq_quality": 90} | options)


@pytest.fixture
def owner():
    return get_user_model().objects.create_user("owner")


class TestTheRecord:
    @pytest.fixture
    def theirs(self, owner):
        return [
            row(0, uploader=owner),
            row(1, uploader=owner, status="flagged"),
            row(2, uploader=owner, field=ASSET),
            row(3, uploader=owner, status="approved"),
            row(4, uploader=owner, status="approved", field=ASSET),
            row(5, uploader=owner, status="rejected"),
            row(6, uploader=owner, status="clear"),
            row(7, uploader=owner, status="gone"),
            row(8, uploader=get_user_model().objects.create_user("somebody else")),
            row(9),
        ]

    def test_it_counts_what_became_of_their_files(self, theirs, mo, django_assert_num_queries):
        with django_assert_num_queries(3):  # the groups of the moderator, the counts, what waits
            record = uploader_record(theirs[0], mo)
        assert (record.held, record.approved, record.rejected) == (
            Count(number=3), Count(number=2), Count(number=1),
        )  # fmt: skip
        assert list(record.waiting) == [theirs[1], theirs[2]]

    def test_who_is_restricted_sees_none_of_other_fields(self, theirs, person):
        narrow = person(name="narrow", fields=[PHOTO])
        record = uploader_record(theirs[0], narrow)
        assert (record.held, record.approved, record.rejected) == (
            Count(number=2), Count(number=1), Count(number=1),
        )  # fmt: skip
        assert list(record.waiting) == [theirs[1]]

    def test_where_nobody_is_on_record_there_is_none(self, theirs, mo, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert uploader_record(theirs[9], mo) is None

    def test_it_is_bounded(self, owner, mo, monkeypatch):
        monkeypatch.setattr(counts, "CAP", 5)
        many = [row(number, uploader=owner) for number in range(SHOWN + 5)]
        record = uploader_record(many[0], mo)
        assert str(record.held) == "5+"
        assert list(record.waiting) == many[1 : SHOWN + 1]


def found(scan, user):
    return [(int(twin.scan.object_pk), twin.distance) for twin in twins(scan, user)]


class TestTwins:
    def test_the_same_bytes_the_newest_first_and_then_similar_ones_the_nearest_first(
        self, mo, owner
    ):
        first = hashed(0, sha256="a" * 64, uploader=owner)
        hashed(1, sha256="a" * 64, status="rejected")
        hashed(2, sha256="a" * 64, status="clear")
        hashed(3, 0, 1, uploader=owner)
        hashed(4, 0, uploader=owner)
        hashed(5, uploader=owner)
        hashed(6, *range(31), uploader=owner)
        hashed(7, *range(32), uploader=owner)
        hashed(8, uploader=owner, status="approved")
        hashed(9)
        assert found(first, mo) == [(2, None), (1, None), (5, 0), (4, 1), (3, 2), (6, 31)]
        assert [twin.identical for twin in twins(first, mo)] == [True] * 2 + [False] * 4

    def test_what_the_same_known_image_was_recognised_in_and_where_it_was_decided(self, mo):
        settled = hashed(0, status="rejected")
        decision = Decision.objects.create(
            scan=settled, action="reject", from_status="held", to_status="rejected", sha256="0"
        )
        known = KnownImage.objects.create(
            key="s:0", sha256="0", outcome="reject", decision=decision, pdq=pdq(), quality=90
        )
        scan = hashed(1, 0, 1, known=known, known_distance=2)
        hashed(2, 0, known=known, known_distance=1)
        hashed(3, *range(2, 40), known=known, known_distance=40)
        assert found(scan, mo) == [(2, 1), (0, 2)]

    @pytest.mark.parametrize(
        "flat", [{"pdq": ""}, {"pdq_quality": 49}], ids=["no hash", "a hash that says nothing"]
    )
    def test_what_has_no_hash_resembles_nothing(self, mo, owner, flat):
        scan = hashed(0, uploader=owner)
        other = hashed(1, uploader=owner, **flat)
        assert found(scan, mo) == found(other, mo) == []

    def test_who_is_restricted_sees_none_of_other_fields(self, person, owner):
        narrow = person(name="narrow", fields=[PHOTO])
        scan = hashed(0, sha256="a" * 64, uploader=owner)
        hashed(1, sha256="a" * 64, field=ASSET)
        hashed(2, uploader=owner, field=ASSET)
        hashed(3, uploader=owner)
        assert found(scan, narrow) == [(3, 0)]

    def test_they_are_bounded(self, mo, owner, django_assert_num_queries):
        scan = hashed(0, sha256="a" * 64, uploader=owner)
        for number in range(1, SHOWN + 5):
            hashed(number, sha256="a" * 64)
            hashed(number + 100, uploader=owner)
        with django_assert_num_queries(3):  # the groups, the bytes, what waits of the uploader
            assert len(twins(scan, mo)) == SHOWN
