"""A stored file is scanned by two at once: by what names it, an event, a rescan."""

import posixpath
from dataclasses import replace

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import transaction
from django.db.models.signals import post_save

from django_nsfw.assessment import memo
from django_nsfw.decisions import approve, reject
from django_nsfw.exceptions import QuarantineError
from django_nsfw.models import Scan
from django_nsfw.quarantine.rows import Row
from django_nsfw.stored import scan_stored
from tests.conftest import photograph, picture
from tests.detectors_for_tests import ConstantDetector
from tests.folders import public
from tests.host.models import Avatar


class InterruptedDetector(ConstantDetector):
    """While it looks for the first time, somebody else does something."""

    meanwhile = ()

    def predict(self, images):
        acts, type(self).meanwhile = self.meanwhile, ()
        for act in acts:
            act()
        return super().predict(images)


@pytest.fixture
def interrupted(settings):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": "tests.test_stored.InterruptedDetector"}}
    InterruptedDetector.meanwhile = ()
    InterruptedDetector.answer = 0.8
    InterruptedDetector.inferences = 0
    return InterruptedDetector


@pytest.fixture
def row(transactional_db):
    """Of an object whose file came by another way than an upload, and was not scanned yet."""
    avatar = Avatar.objects.create(image="photos/a.png")
    default_storage.save("photos/a.png", ContentFile(photograph()))
    return Row(Avatar._meta.get_field("image"), str(avatar.pk), "default")


def write_over(body):
    default_storage.delete("photos/a.png")
    default_storage.save("photos/a.png", ContentFile(body))


def scans():
    return [(scan.status, scan.name) for scan in Scan.objects.order_by("pk")]


@pytest.mark.parametrize("answer", [0.1, 0.8], ids=["clear", "held"])
def test_who_comes_second_takes_what_the_first_found(interrupted, row, answer):
    interrupted.answer = answer
    interrupted.meanwhile = [lambda: scan_stored(row)]
    second = scan_stored(row)
    [(status, name)] = scans()
    assert status == ("clear" if answer < 0.5 else "held")
    assert (second.status, second.name, row.name()) == (status, name, name)
    assert default_storage.exists("photos/a.png") is (status == "clear")


def test_another_file_meanwhile_is_the_one_that_counts(interrupted, row):
    def replace():
        avatar = Avatar.objects.get()
        avatar.image = ContentFile(picture(), "b.jpg")
        avatar.save()

    interrupted.meanwhile = [replace]
    found = scan_stored(row)
    assert [status for status, _ in scans()] == ["held"]
    assert found.name == row.name() != "photos/a.png"


@pytest.mark.parametrize("again", [True, False], ids=["rescan", "event"])
def test_what_the_first_found_in_other_bytes_says_nothing_of_these(interrupted, row, again):
    """A link to upload by is good for a second picture, and the first may be harmless."""

    def who_has_read_the_first_picture():
        write_over(picture(format="PNG"))
        interrupted.answer = 0.1
        scan_stored(row)
        write_over(photograph())
        interrupted.answer = 0.8

    interrupted.meanwhile = [who_has_read_the_first_picture]
    found = scan_stored(row, again=again)
    assert [status for status, _ in scans()] == ["superseded", "held"]
    assert found.name == row.name() != "photos/a.png"
    assert not default_storage.exists("photos/a.png")


class SlowStorage(FileSystemStorage):
    """While it opens a file for the first time, somebody else does something."""

    def __init__(self, meanwhile):
        super().__init__()
        self.acts = [meanwhile]

    def open(self, name, mode="rb"):
        file = super().open(name, mode)
        while self.acts:
            self.acts.pop()()
        return file


def test_bytes_that_were_opened_before_others_came_say_nothing_of_these(interrupted, row):
    harmless = picture(format="PNG")

    def others_come_and_are_scanned():
        write_over(harmless)
        interrupted.answer = 0.1
        scan_stored(row)
        interrupted.answer = 0.8

    scan_stored(replace(row, located=SlowStorage(others_come_and_are_scanned)))
    assert scans() == [("clear", "photos/a.png")]
    assert public() == {"photos/a.png": harmless}


def test_what_is_decided_meanwhile_stays_decided(interrupted, row):
    interrupted.answer = 0.1
    scan_stored(row)
    Scan.objects.update(status="flagged", detector="of an earlier year")
    memo.clear()
    interrupted.meanwhile = [lambda: approve(Scan.objects.get(), moderator=None)]
    interrupted.answer = 0.8
    scan_stored(row)
    assert scans() == [("approved", "photos/a.png")]


@pytest.mark.parametrize("verb", [approve, reject], ids=["approved", "rejected"])
def test_who_decides_before_it_is_held_is_right(interrupted, row, verb):
    """Between the two transactions of a hold, of which the first has it wait for somebody."""

    def recorded(instance, **_):
        post_save.disconnect(recorded, Scan)
        transaction.on_commit(lambda: verb(Scan.objects.get(), moderator=None))

    post_save.connect(recorded, Scan)
    found = scan_stored(row)
    assert scans() == [({approve: "approved", reject: "rejected"}[verb], row.name())]
    assert (found, found.name) == (Scan.objects.get(), row.name())


def test_an_object_that_is_gone_meanwhile_gets_no_scan(interrupted, row):
    interrupted.meanwhile = [Avatar.objects.all().delete]
    assert scan_stored(row) is None
    assert not Scan.objects.exists()


class TestWithoutAgain:
    def test_the_same_bytes_keep_their_scan(self, interrupted, row):
        interrupted.answer = 0.1
        first = scan_stored(row)
        interrupted.answer = 0.8
        assert scan_stored(row, again=False) == first
        assert scans() == [("clear", "photos/a.png")]

    def test_what_could_not_be_held_is_held_now(self, interrupted, row, settings):
        """The sender of an event comes again where it was told that something failed."""
        working = settings.STORAGES
        settings.STORAGES = {k: v for k, v in working.items() if k != "nsfw_quarantine"}
        with pytest.raises(QuarantineError):
            scan_stored(row, again=False)
        assert scans() == [("flagged", "photos/a.png")]
        settings.STORAGES = working
        found = scan_stored(row, again=False)
        assert (found.status, found.name) == ("held", row.name())
        assert list(default_storage.listdir("photos")[1]) == [posixpath.basename(found.name)]
        assert [status for status, _ in scans()] == ["superseded", "held"]

    def test_what_is_only_flagged_keeps_its_scan(self, interrupted, row, settings):
        settings.NSFW_POLICY = {"on_review": "flag"}
        first = scan_stored(row)
        assert scan_stored(row, again=False) == first
        assert scans() == [("flagged", "photos/a.png")]
        assert interrupted.inferences == 1

    def test_other_bytes_get_one_of_their_own(self, interrupted, row):
        interrupted.answer = 0.1
        scan_stored(row)
        write_over(picture())
        interrupted.answer = 0.8
        scan_stored(row, again=False)
        assert [status for status, _ in scans()] == ["superseded", "held"]
