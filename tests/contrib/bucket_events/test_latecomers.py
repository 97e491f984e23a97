"""A signed link is good for minutes: what comes by it after its first object was taken away."""

from datetime import timedelta

import pytest
from django.test import override_settings

from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from django_nsfw.quarantine import journal
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import photograph, picture
from tests.host.models import Avatar
from tests.s3.visitors import fetch

from .conftest import counts, link, of_s3

pytestmark = pytest.mark.django_db(databases="__all__")

KEY = "photos/a.jpg"
FIRST, SECOND = picture(seed=1), picture(seed=2)


@pytest.fixture
def held(put, expected, tell, constant, django_capture_on_commit_callbacks):
    """An upload that was taken away from its key; another one may come."""
    constant.answer = 0.8
    avatar = expected(KEY)
    put(KEY, FIRST)
    with django_capture_on_commit_callbacks(execute=True):
        assert tell(of_s3(KEY)).json() == counts(scanned=1)
    avatar.refresh_from_db()
    assert avatar.image.name != KEY
    return avatar


def state(avatar):
    avatar.refresh_from_db()
    return [(scan.status, scan.name, avatar.image.name) for scan in Scan.objects.order_by("pk")]


def swept():
    return [mended.finding for mended in sweep(older_than=timedelta(0))]


def test_what_looks_explicit_again_is_taken_into_quarantine(site, put, tell, held):
    before = state(held)
    put(KEY, SECOND)
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) is None
    assert SECOND not in site.files("media").values()
    assert {FIRST, SECOND} <= set(site.files("quarantine").values())
    assert state(held) == before  # the first waits in the queue as it did

    assert swept() == [Finding.KEPT]
    kept = Scan.objects.latest("pk")
    assert (kept.status, kept.original_name, kept.nsfw) == (Scan.Status.GONE, KEY, 0.8)
    assert site.files("quarantine")[kept.quarantine_name] == SECOND
    assert swept() == []


def test_as_often_as_it_comes(site, put, tell, held):
    for seed in range(3, 6):
        put(KEY, picture(seed=seed))
        assert tell(of_s3(KEY)).json() == counts(scanned=1)
        assert fetch(link(site, KEY)) is None
    assert len(list(journal.entries())) == 3


def test_its_event_may_come_twice(site, put, tell, held):
    put(KEY, SECOND)
    assert [tell(of_s3(KEY)).json() for _ in range(2)] == [counts(scanned=1), counts(unnamed=1)]
    assert len(list(journal.entries())) == 1


def test_what_is_clear_stays_for_a_row_that_may_name_it(site, put, tell, held, constant):
    constant.answer = 0.1
    before = state(held)
    put(KEY, SECOND)
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) == SECOND
    assert state(held) == before
    assert list(journal.entries()) == []


def test_after_the_first_was_released(
    site, put, tell, held, constant, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        approve(Scan.objects.get(), moderator=None)
    put(KEY, SECOND)
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) is None
    held.refresh_from_db()
    assert fetch(link(site, held.image.name)) == FIRST


def test_after_the_object_got_another_file(
    site, put, expected, tell, constant, django_capture_on_commit_callbacks
):
    constant.answer = 0.1
    avatar = expected(KEY)
    put(KEY, FIRST)
    tell(of_s3(KEY))
    with django_capture_on_commit_callbacks(execute=True):
        Avatar.objects.filter(pk=avatar.pk).update(image="photos/b.jpg")
    constant.answer = 0.8
    put(KEY, SECOND)
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) is None


def test_after_the_object_was_deleted(site, put, tell, held, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        held.delete()
    put(KEY, SECOND)
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) is None


def test_what_cannot_be_scored_is_held(site, put, tell, held, settings):
    broken = {"BACKEND": "tests.detectors_for_tests.BrokenDetector"}
    settings.NSFW_DETECTORS = {"default": broken}
    put(KEY, SECOND)
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) is None
    assert swept() == [Finding.KEPT]
    assert Scan.objects.latest("pk").error_code == "detector_unavailable"


@override_settings(NSFW_POLICY={"review": 0.5, "on_review": "flag"})
def test_what_would_stay_public_until_it_is_reviewed_is_held_for_nobody_can(
    site, put, expected, tell, constant
):
    constant.answer = 0.1
    avatar = expected(KEY)
    put(KEY, FIRST)
    tell(of_s3(KEY))
    Avatar.objects.filter(pk=avatar.pk).update(image="photos/b.jpg")
    constant.answer = 0.6
    put(KEY, SECOND)
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) is None
    assert SECOND in site.files("quarantine").values()


def test_it_is_scored_at_once_where_workers_score(site, put, tell, held, settings):
    settings.NSFW_RUNNER = "tests.background.post.Post"
    settings.NSFW_POLICY = {"publish": "immediately"}
    put(KEY, SECOND)
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) is None


def test_where_the_quarantine_cannot_take_it_the_bucket_is_to_say_so_again(
    site, put, tell, held, monkeypatch
):
    put(KEY, SECOND)
    with monkeypatch.context() as patched:

        def failing(self, name, content):
            raise ConnectionError("the bucket does not answer")

        patched.setattr(type(site.quarantine), "_save", failing)
        answer = tell(of_s3(KEY))
        assert (answer.status_code, answer.json()) == (503, counts(failed=1))
        assert fetch(link(site, KEY)) == SECOND
    assert tell(of_s3(KEY)).json() == counts(scanned=1)
    assert fetch(link(site, KEY)) is None


def test_a_name_that_had_to_be_cut_is_found(
    site, put, expected, tell, constant, django_capture_on_commit_callbacks
):
    constant.answer = 0.8
    key = f"photos/{'a' * 29}.jpg"  # all that the column takes
    photo = expected(key)
    put(key, FIRST)
    with django_capture_on_commit_callbacks(execute=True):
        tell(of_s3(key))
    photo.refresh_from_db()
    assert not photo.image.name.startswith(key.removesuffix(".jpg"))
    put(key, SECOND)
    assert tell(of_s3(key)).json() == counts(scanned=1)
    assert fetch(link(site, key)) is None


def test_another_key_that_begins_alike_is_nobodys(site, put, tell, held):
    put("photos/ab.jpg", SECOND)
    put("photos/a.png", photograph())
    assert tell(of_s3("photos/ab.jpg", "photos/a.png")).json() == counts(unnamed=2)
    assert fetch(link(site, "photos/ab.jpg")) == SECOND
