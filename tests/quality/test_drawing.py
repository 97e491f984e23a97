"""Which scans come into the sample, and when."""

import math
from datetime import timedelta

import pytest
from django.test import TestCase
from django.utils import timezone

from django_nsfw import pending
from django_nsfw.decisions import approve, reject, undo
from django_nsfw.models import Scan
from django_nsfw.models.quality import drawn
from django_nsfw.quarantine.rows import Row
from django_nsfw.stored import scan_stored
from tests.conftest import upload
from tests.host.models import Asset, Photo

pytestmark = pytest.mark.django_db(databases=["default", "second"])


def photo(seed=1):
    made = Photo.objects.create(image=upload(seed=seed))
    return Scan.objects.get(object_pk=str(made.pk))


@pytest.mark.parametrize(
    ("share", "answer", "rules", "status", "is_drawn"),
    [
        (1, 0.1, {}, "clear", True),
        (0, 0.1, {}, "clear", False),
        (1, 0.8, {}, "held", False),
        (1, 0.8, {"on_review": "flag"}, "flagged", False),
    ],
    ids=["cleared", "cleared, and no share", "held", "flagged"],
)
def test_what_its_score_clears_is_drawn(constant, settings, share, answer, rules, status, is_drawn):
    settings.NSFW_REVIEW = {"quality_share": share}
    settings.NSFW_POLICY = rules
    constant.answer = answer
    scan = photo()
    assert (scan.status, scan.sampled_at is not None) == (status, is_drawn)


def test_what_is_no_picture_is_not_drawn(constant, settings):
    settings.NSFW_REVIEW = {"quality_share": 1}
    settings.NSFW_FIELDS = {"host.Asset.file": {"other_files": "allow"}}
    Asset.objects.create(file=upload("cv.pdf", body=b"%PDF"))
    scan = Scan.objects.get()
    assert (scan.status, scan.sampled_at) == ("clear", None)


def test_what_was_known_before_is_not_drawn(constant, settings):
    settings.NSFW_REVIEW = {"quality_share": 1}
    constant.answer = 0.8
    approve(photo(), moderator=None)
    constant.answer = 0.1
    scan = photo()
    assert (scan.status, scan.sampled_at) == ("approved", None)


def test_the_share_is_met_and_a_lot_does_not_change(settings):
    settings.NSFW_REVIEW = {"quality_share": 0.1}
    scans = [Scan() for _ in range(4000)]
    lots = [drawn(scan, Scan.Status.CLEAR) is not None for scan in scans]
    five_sigma = 5 * math.sqrt(4000 * 0.1 * 0.9)
    assert abs(sum(lots) - 400) < five_sigma
    assert [drawn(scan, Scan.Status.CLEAR) is not None for scan in scans] == lots
    settings.NSFW_REVIEW = {"quality_share": 0.2}
    more = [drawn(scan, Scan.Status.CLEAR) is not None for scan in scans]
    assert sum(more) > sum(lots)
    assert all(after for before, after in zip(lots, more, strict=True) if before)


def test_a_wrong_setting_fails_no_upload(constant, settings):
    settings.NSFW_REVIEW = {"quality_share": 2}
    assert photo().sampled_at is None


def test_what_a_worker_clears_is_drawn_then(constant, settings):
    settings.NSFW_REVIEW = {"quality_share": 1}
    settings.NSFW_RUNNER = "tests.background.post.Post"
    scan = photo()
    assert (scan.status, scan.sampled_at) == ("pending", None)
    with TestCase.captureOnCommitCallbacks(execute=True):
        pending.score(scan.pk)
    scan.refresh_from_db()
    assert (scan.status, scan.sampled_at is not None) == ("clear", True)


def test_what_a_rescan_finds_is_drawn_and_a_copy_is_not(constant, settings):
    settings.NSFW_REVIEW = {"quality_share": 1}
    settings.NSFW_FIELDS = {"host.Photo.image": {}}
    scan = photo()
    with TestCase.captureOnCommitCallbacks(execute=True):
        copy = Photo.objects.create(image=scan.name)
    shared = Scan.objects.get(object_pk=str(copy.pk))
    assert (shared.status, shared.sampled_at) == ("clear", None)
    Scan.objects.all().delete()
    found = scan_stored(Row.of(scan))
    assert found.sampled_at is not None


def test_an_undo_draws_nothing(constant, settings):
    scan = photo()
    rejection = reject(scan, moderator=None)
    settings.NSFW_REVIEW = {"quality_share": 1}
    undo(rejection, moderator=None)
    scan.refresh_from_db()
    assert (scan.status, scan.sampled_at) == ("clear", None)


def test_once_drawn_it_stays_drawn_of_that_moment(settings):
    settings.NSFW_REVIEW = {"quality_share": 0}
    before = timezone.now() - timedelta(days=3)
    assert drawn(Scan(sampled_at=before), Scan.Status.CLEAR) == before
