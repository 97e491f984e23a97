"""What a run makes of the files it finds."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from django_nsfw import decisions
from django_nsfw.models import Chunk, ClaimedBytes, Scan
from django_nsfw.verdict import Verdict
from tests.conftest import picture, upload
from tests.detectors_for_tests import ConstantDetector
from tests.folders import held, journalled, public
from tests.host.models import Album, Photo
from tests.rescans.conftest import rescan, stored

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def test_what_was_never_scanned_gets_a_scan(constant):
    photo = stored("a.jpg", seed=1)
    run = rescan("host.Photo", unscanned=True)
    scan = Scan.objects.get()
    assert (scan.status, scan.nsfw, scan.object_pk) == ("clear", 0.0, str(photo.pk))
    assert (scan.name, scan.original_name, scan.verdict) == ("a.jpg", "a.jpg", Verdict.ALLOW)
    assert run.counts == {"rows": 1, "chosen": 1, "scored": 1, "clear": 1}
    assert run.status == "finished"
    assert ClaimedBytes.objects.count() == 0


def test_and_is_held_where_its_policy_says_so(constant):
    constant.answer = 0.8
    body = picture(seed=1)
    stored("a.jpg", body)
    run = rescan("host.Photo", unscanned=True)
    scan = Scan.objects.get()
    assert scan.status == "held"
    assert Photo.objects.get().image.name == scan.name != "a.jpg"
    assert held() == [body]
    assert body not in public().values()
    assert journalled() == []
    assert run.counts == {"rows": 1, "chosen": 1, "scored": 1, "held": 1, "taken_down": 1}


def test_a_second_run_finds_nothing_to_do(constant):
    for n in range(5):
        stored(f"{n}.jpg", seed=n)
    rescan("host.Photo", unscanned=True)
    before = ConstantDetector.inferences
    run = rescan("host.Photo", unscanned=True)
    assert run.counts == {"rows": 5, "up_to_date": 5}
    assert ConstantDetector.inferences == before


def test_the_same_bytes_are_scored_once(constant):
    for n in range(300):
        stored(f"{n}.jpg", seed=n % 3)
    run = rescan("host.Photo", unscanned=True, batch_size=70)
    assert ConstantDetector.inferences == 3
    assert run.counts["scored"] == 3
    assert run.counts["recalled"] == 297
    assert Scan.objects.count() == 300
    assert ClaimedBytes.objects.count() == 0


def test_a_new_detector_scores_in_place(constant, monkeypatch):
    constant.answer = 0.1
    Photo.objects.create(image=upload())
    first = Scan.objects.get()
    assert rescan("host.Photo", outdated=True).counts == {"rows": 1, "up_to_date": 1}
    other = use_another_detector(monkeypatch)
    constant.answer = 0.3
    run = rescan("host.Photo", outdated=True)
    scan = Scan.objects.get()
    assert run.counts == {"rows": 1, "chosen": 1, "scored": 1, "clear": 1}
    assert (scan.pk, scan.nsfw, scan.detector) == (first.pk, 0.3, other)
    assert scan.created_at == first.created_at
    assert scan.scored_at > first.scored_at


def use_another_detector(monkeypatch):
    from django_nsfw.detectors import detectors

    detectors.reset()
    load = ConstantDetector.load

    def load_other(self):
        load(self)
        self.identity = f"{self.identity} other"

    monkeypatch.setattr(ConstantDetector, "load", load_other)
    return detectors["default"].identity


def test_a_new_detector_takes_down_and_releases(constant, monkeypatch):
    constant.answer = 0.8
    body = picture(seed=1)
    Photo.objects.create(image=upload(body=body))
    assert held() == [body]
    use_another_detector(monkeypatch)
    constant.answer = 0.1
    run = rescan(outdated=True)
    assert run.counts["released"] == 1
    assert Scan.objects.get().status == "clear"
    assert list(public().values()) == [body]
    assert held() == []
    monkeypatch.undo()
    from django_nsfw.detectors import detectors

    detectors.reset()
    constant.answer = 0.9
    Scan.objects.update(detector="yet another")
    run = rescan(outdated=True)
    assert run.counts["taken_down"] == 1
    assert held() == [body]
    assert Scan.objects.get().status == "held"


def test_what_a_moderator_settled_stays(constant, monkeypatch):
    constant.answer = 0.8
    Photo.objects.create(image=upload())
    decisions.approve(Scan.objects.get(), moderator=None)
    use_another_detector(monkeypatch)
    constant.answer = 0.9
    run = rescan(outdated=True)
    scan = Scan.objects.get()
    assert (scan.status, scan.nsfw) == ("approved", 0.9)
    assert run.counts == {"rows": 1, "chosen": 1, "scored": 1, "approved": 1}


def test_a_deleted_file_is_counted_and_stops_nothing(constant):
    gone = stored("gone.jpg", b"")
    stored("there.jpg")
    run = rescan("host.Photo")
    assert run.counts == {"rows": 2, "chosen": 2, "missing": 1, "scored": 1, "clear": 1}
    [trouble] = Chunk.objects.get().troubles
    assert trouble[:3] == ["missing", str(gone.pk), "gone.jpg"]


def test_unreadable_and_oversized_files_have_their_own_counts(constant, settings):
    settings.NSFW_LIMITS = {"max_bytes": 20_000}
    stored("broken.jpg", picture()[:200])
    stored("text.jpg", b"no picture")
    stored("large.jpg", picture() + b"x" * 3_000_000)
    run = rescan("host.Photo")
    assert run.counts == {
        "rows": 3, "chosen": 3, "unreadable": 2, "too_large": 1, "held": 3, "taken_down": 3,
    }  # fmt: skip
    scans = {scan.original_name: scan for scan in Scan.objects.all()}
    assert scans["large.jpg"].error_code == "image_too_large"
    assert scans["large.jpg"].size > 3_000_000
    assert (scans["large.jpg"].width, scans["large.jpg"].height) == (96, 64)
    assert scans["broken.jpg"].error_code == "unreadable_image"
    assert scans["text.jpg"].error_code == "unsupported_format"
    assert len(held()) == 3


def test_a_report_changes_nothing(constant):
    constant.answer = 0.8
    body = picture(seed=1)
    for n in range(4):
        stored(f"{n}.jpg", body if n < 2 else None, seed=n)
    before = public()
    run = rescan("host.Photo", report_only=True, batch_size=1)
    assert run.counts == {
        "rows": 4, "chosen": 4, "scored": 3, "recalled": 1, "held": 4, "taken_down": 4,
    }  # fmt: skip
    assert ConstantDetector.inferences == 3
    assert Scan.objects.count() == 0
    assert public() == before
    assert ClaimedBytes.objects.count() == 0


def test_other_bytes_under_the_same_name_get_a_scan_of_their_own(constant):
    Photo.objects.create(image=upload())
    name = Photo.objects.get().image.name
    Path(default_storage.path(name)).write_bytes(picture(seed=9))
    run = rescan("host.Photo")
    old, new = Scan.objects.order_by("pk")
    assert (old.status, new.status) == ("superseded", "clear")
    assert old.sha256 != new.sha256
    assert run.counts == {"rows": 1, "chosen": 1, "scored": 1, "clear": 1}


def test_the_uploader_is_found_along_the_path(constant, django_user_model):
    user = django_user_model.objects.create_user("ann")
    stored("a.jpg", album=Album.objects.create(owner=user))
    stored("b.jpg")
    rescan("host.Photo")
    assert list(Scan.objects.order_by("name").values_list("uploader", flat=True)) == [user.pk, None]


def test_a_limit_counts_files_that_are_looked_at(constant):
    for n in range(9):
        stored(f"{n}.jpg", seed=n)
    run = rescan("host.Photo", unscanned=True, batch_size=4, limit=6)
    assert run.counts["chosen"] == 6
    assert Scan.objects.count() == 6
    assert run.status == "finished"


def test_copies_of_an_object_share_a_scan_each(constant):
    constant.answer = 0.8
    stored("a.jpg")
    Photo.objects.bulk_create([Photo(image="a.jpg", width=1, height=1)])
    run = rescan("host.Photo")
    assert set(Scan.objects.values_list("status", flat=True)) == {"held"}
    assert Scan.objects.count() == 2
    assert len(set(Photo.objects.values_list("image", flat=True))) == 1
    assert len(held()) == 1
    assert run.counts["held"] == 2


def test_a_placeholder_is_never_scored_as_a_picture(constant):
    constant.answer = 0.8
    photo = Photo.objects.create(image=upload())
    Photo.objects.bulk_create([Photo(image=photo.image.name, width=1, height=1)])
    photo.delete()
    constant.answer = 0.0
    assert Scan.objects.get().status == "gone"
    before = ConstantDetector.inferences
    run = rescan("host.Photo", unscanned=True)
    assert run.counts == {"rows": 1, "chosen": 1, "held": 1}
    assert ConstantDetector.inferences == before
    assert Scan.objects.current().get().status == "held"
