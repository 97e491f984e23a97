"""The placeholder of an upload whose object was never saved does not stay for ever."""

from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from django_nsfw.abandoned import ABANDONED
from django_nsfw.models import Scan
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.folders import held, public
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=81)


@pytest.fixture
def photo(constant):
    """An upload whose process died before the row was saved, swept a month ago."""
    constant.answer = 0.8
    photo = Photo(title="x")
    photo.image.save("cat.jpg", upload(body=BODY), save=False)
    [found] = sweep(older_than=timedelta(0))
    assert found.finding.value == "kept"
    aged(ABANDONED)
    return photo


def aged(age):
    Scan.objects.update(created_at=timezone.now() - age)


def verify(**options):
    return [mended.finding.value for mended in sweep(verify=True, **options)]


def test_it_is_cleared_away_and_the_bytes_stay(photo):
    [found] = sweep(verify=True)
    assert found.finding.value == "cleared"
    assert found.subject == f"host.Photo.image ({photo.image.name})"
    assert found.detail == (
        "no object was saved in 30 days; the placeholder is deleted, the bytes stay in quarantine"
    )
    assert (found.needs_person, public(), held()) == (False, {}, [BODY])
    assert Scan.objects.get().status == "gone"
    assert verify() == []


def test_half_of_one_is_cleared_away_too(photo, settings):
    path = settings.MEDIA_ROOT / photo.image.name
    path.write_bytes(path.read_bytes()[:40])
    assert verify() == ["cleared"]
    assert public() == {}


def test_a_dry_run_says_the_same_and_changes_nothing(photo):
    assert verify(dry_run=True) == ["cleared"]
    assert list(public()) == [photo.image.name]


def test_a_sweep_that_does_not_verify_leaves_it(photo):
    assert list(sweep()) == []
    assert list(public()) == [photo.image.name]


def test_while_its_transaction_could_be_open_it_stays(photo):
    aged(ABANDONED - timedelta(hours=1))
    assert verify() == []
    assert list(public()) == [photo.image.name]


@pytest.mark.parametrize("using", ["default", "second"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_a_row_of_any_database_names_stays(dry_run, using, photo):
    Photo.objects.using(using).bulk_create([photo])
    assert verify(dry_run=dry_run) == ["recorded"]
    assert list(public()) == [photo.image.name]


def test_a_field_that_left_the_project_is_left_alone(photo):
    Scan.objects.update(field="gone.Model.file")
    assert verify() == []
    assert list(public()) == [photo.image.name]


def test_a_row_that_comes_even_later_waits_with_its_bytes(photo):
    assert verify() == ["cleared"]
    photo.save()
    scan = Scan.objects.get()
    assert (scan.status, scan.object_pk, held()) == ("held", str(photo.pk), [BODY])


def test_a_storage_that_fails_is_reported(photo, monkeypatch):
    def fail(self, name):
        raise OSError("The disk is read-only.")

    monkeypatch.setattr(FileSystemStorage, "delete", fail)
    [found] = sweep(verify=True)
    assert (found.finding.value, found.needs_person) == ("failed", True)
    assert found.detail == "The disk is read-only. The placeholder stays; sweep again."
