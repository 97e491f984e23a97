"""What the sweep finds and mends, and what it leaves to a person. Crashes are in ``crashes``."""

import json
import os
import time
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.core.management import call_command

from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import picture, upload
from tests.folders import held, journalled, public, tree
from tests.host.models import Album, Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=51)
SOON = timedelta(0)


@pytest.fixture
def photo(constant):
    constant.answer = 0.8
    return Photo.objects.create(image=upload(body=BODY))


@pytest.fixture
def unrecorded(constant):
    """Held, saved, and the scan never written: as after a crash, by ``bulk_create``."""
    constant.answer = 0.8
    [photo] = Photo.objects.bulk_create([Photo(image=upload(body=BODY))])
    return photo


def entry(body, token="0" * 32):
    """An entry in the journal, as another version or a damaged disk has left it."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    storages["nsfw_quarantine"].save(f"journal/{token}.json", ContentFile(body))
    return token


def found(**options):
    return [
        (mended.finding, mended.needs_person) for mended in sweep(**{"older_than": SOON} | options)
    ]


def test_nothing_was_left_behind_where_nothing_ever_was(db):
    assert found(verify=True) == []


def test_nothing_is_found_where_everything_ended_well(photo):
    approve(Scan.objects.get(), moderator=None)
    reject(Scan.objects.get(), moderator=None)
    assert found(verify=True) == []


def test_what_may_still_be_under_way_is_left_alone(unrecorded, tmp_path):
    assert list(sweep()) == []
    [path] = (tmp_path / "quarantine" / "journal").iterdir()
    long_ago = time.time() - 3601
    os.utime(path, (long_ago, long_ago))
    assert [mended.finding for mended in sweep()] == [Finding.RECORDED]


def test_ages_are_compared_without_time_zones_too(unrecorded, settings):
    settings.USE_TZ = False
    assert list(sweep()) == []
    assert found() == [(Finding.RECORDED, False)]


def test_a_held_object_without_a_scan_waits_in_the_queue_again(unrecorded):
    [mended] = sweep(older_than=SOON)
    assert mended.finding is Finding.RECORDED
    assert mended.subject == f"upload of host.Photo.image ({unrecorded.image.name})"
    assert mended.detail == f"object {unrecorded.pk} waits in the queue again"
    scan = Scan.objects.get()
    assert (scan.status, scan.verdict, scan.nsfw) == ("held", "review", 0.8)
    assert (scan.original_name, scan.format, scan.width) == ("photos/cat.jpg", "JPEG", 96)
    approve(scan, moderator=None)
    assert list(public().values()) == [BODY]


@pytest.mark.parametrize("saved", [True, False], ids=["recorded", "kept"])
def test_an_uploader_who_left_does_not_stop_the_sweep(saved, constant, django_user_model):
    constant.answer = 0.8
    album = Album.objects.create(owner=django_user_model.objects.create_user("ann"))
    photo = Photo(image=upload(body=BODY), album=album)
    Photo.objects.bulk_create([photo])
    if not saved:
        Photo.objects.all()._raw_delete("default")
    Photo.objects.update(album=None)
    album.owner.delete()
    assert found() == [(Finding.RECORDED if saved else Finding.KEPT, False)]
    scan = Scan.objects.get()
    assert (scan.uploader, scan.status) == (None, "held" if saved else "gone")
    assert held() == [BODY]


def test_an_entry_that_was_cut_off_before_anything_moved_is_removed(db):
    entry(b'{"op": "upl')
    assert found() == [(Finding.UNREADABLE, False)]
    assert journalled() == []


def test_a_damaged_entry_whose_bytes_are_there_is_left_to_a_person(unrecorded, tmp_path):
    [path] = (tmp_path / "quarantine" / "journal").iterdir()
    path.write_bytes(b"\xff\x00")
    before = tree(tmp_path)
    [mended] = sweep(older_than=SOON)
    assert (mended.finding, mended.needs_person) == (Finding.UNKNOWN, True)
    token = path.stem
    assert mended.detail == f"the entry was damaged; its bytes are in held/{token[:2]}/{token}"
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("body", "finding", "detail"),
    [
        (
            {"op": "polish", "field": "host.Photo.image"},
            Finding.UNKNOWN,
            "written by another version of this app: 'polish'",
        ),
        ({}, Finding.UNKNOWN, "written by another version of this app: None"),
        (
            {"op": "release"},
            Finding.FAILED,
            "KeyError: 'scan'. Nothing was deleted; sweep again.",
        ),
        (
            ["op"],
            Finding.UNKNOWN,
            "written by another version of this app: ['op']",
        ),
        (
            {"op": "upload", "field": "gone.Model.file", "name": "a.jpg", "quarantine_name": "x"},
            Finding.FAILED,
            "DecisionRefused: gone.Model.file is no field of this project any more. "
            "Nothing was deleted; sweep again.",
        ),
    ],
    ids=["another version", "nothing in it", "a key is missing", "a list", "a field that left"],
)
def test_what_the_sweep_does_not_understand_it_reports_and_leaves(body, finding, detail, tmp_path):
    token = entry(body)
    before = tree(tmp_path)
    for dry_run in (True, False, False):
        [mended] = sweep(older_than=SOON, dry_run=dry_run)
        assert (mended.finding, mended.needs_person) == (finding, True)
        assert (mended.subject, mended.detail) == (token, detail)
    assert tree(tmp_path) == before


def test_one_entry_that_fails_does_not_stop_the_others(unrecorded):
    entry({"op": "release"}, token="f" * 32)
    entry({"op": "release"}, token="0" * 32)
    assert sorted(finding for finding, _ in found()) == [
        Finding.FAILED,
        Finding.FAILED,
        Finding.RECORDED,
    ]


def test_a_field_that_left_the_project_keeps_its_held_bytes(unrecorded, tmp_path):
    [path] = (tmp_path / "quarantine" / "journal").iterdir()
    path.write_text(path.read_text().replace("host.Photo.image", "host.Photo.portrait"))
    before = tree(tmp_path)
    assert found() == [(Finding.FAILED, True)]
    assert tree(tmp_path) == before


def test_a_name_that_the_site_gave_to_another_file_since_is_not_deleted(constant, monkeypatch):
    photo = Photo.objects.create(image=upload(body=BODY))
    name = photo.image.name
    storage = type(Photo._meta.get_field("image").storage._wrapped)

    def fail(self, name):
        raise OSError("The network is down.")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "delete", fail)
        reject(Scan.objects.get(), moderator=None)
    assert len(journalled()) == 1
    default_storage.delete(name)  # the site clears up by itself
    other = Photo.objects.create(image=upload(body=picture(seed=52)))
    assert other.image.name == name
    assert found() == [(Finding.FINISHED, False)]
    assert public()[name] == picture(seed=52)
    assert journalled() == []


def test_the_only_copy_of_a_file_is_never_deleted(constant, photo):
    scan = Scan.objects.get()
    storages["nsfw_quarantine"].save("held/00/copy", ContentFile(BODY))
    Scan.objects.update(status="clear", name="photos/lost.jpg", quarantine_name="")
    Photo.objects.update(image="photos/lost.jpg")
    entry(
        {
            "op": "take_down",
            "scan": scan.pk,
            "public": "photos/lost.jpg",
            "name": "photos/lost_0.jpg",
            "quarantine_name": "held/00/copy",
            "field": "host.Photo.image",
            "object_db": "default",
            "to": "rejected",
            "decision": None,
        }
    )
    [mended] = sweep(older_than=SOON)
    assert (mended.finding, mended.needs_person) == (Finding.MISSING, True)
    assert "is not in the storage of the field; nothing was deleted" in mended.detail
    assert held().count(BODY) == 2
    assert len(journalled()) == 1


def test_a_scan_that_was_deleted_leaves_its_release_undone(photo, tmp_path):
    token = entry(
        {
            "op": "release",
            "scan": Scan.objects.get().pk + 1,
            "name": default_storage.save("photos/released.jpg", ContentFile(BODY)),
            "placeholder": photo.image.name,
            "quarantine_name": Scan.objects.get().quarantine_name,
            "field": "host.Photo.image",
            "object_db": "default",
            "to": "approved",
            "decision": None,
        }
    )
    assert token
    assert found() == [(Finding.UNDONE, False)]
    assert BODY not in public().values()
    assert held() == [BODY]


def test_verify_misses_bytes_that_are_not_there(photo, tmp_path):
    scan = Scan.objects.get()
    (tmp_path / "quarantine" / scan.quarantine_name).unlink()
    [mended] = sweep(verify=True)
    assert (mended.finding, mended.needs_person) == (Finding.MISSING, True)
    assert mended.subject == f"host.Photo.image of {photo.pk}"
    assert (
        mended.detail == f"{scan.quarantine_name} is not in the quarantine; restore it from backup"
    )
    assert Scan.objects.get().status == "held"


@pytest.mark.parametrize("dry_run", [True, False], ids=["in a dry run", "for real"])
@pytest.mark.parametrize(
    ("change", "finding", "status", "detail"),
    [
        (
            lambda: Photo.objects.all()._raw_delete("default"),
            Finding.OBJECT_GONE,
            "gone",
            "the bytes stay in quarantine",
        ),
        (
            lambda: Photo.objects.update(image="photos/another.jpg"),
            Finding.SUPERSEDED,
            "superseded",
            "the object has another file",
        ),
    ],
    ids=["no object", "another file"],
)
def test_verify_finds_held_scans_of_what_changed_without_a_signal(
    change, finding, status, detail, dry_run, photo
):
    change()
    [mended] = sweep(verify=True, dry_run=dry_run)
    assert (mended.finding, mended.detail, mended.needs_person) == (finding, detail, False)
    assert Scan.objects.get().status == ("held" if dry_run else status)
    assert held() == [BODY]
    assert len(list(sweep(verify=True))) == int(dry_run)


def test_verify_does_not_miss_what_a_moderator_settles_meanwhile(photo):
    others = [Photo.objects.create(image=upload(body=picture(seed=seed))) for seed in (53, 54, 55)]
    Photo.objects.filter(pk=photo.pk)._raw_delete("default")
    findings = sweep(verify=True)
    assert next(findings).finding is Finding.OBJECT_GONE
    for other in others[:2]:
        approve(Scan.objects.get(object_pk=other.pk), moderator=None)
    assert list(findings) == []
    assert set(Scan.objects.values_list("status", flat=True)) == {"gone", "approved", "held"}


def test_verify_reports_a_field_that_left_the_project(photo):
    Scan.objects.update(field="gone.Model.file")
    [mended] = sweep(verify=True)
    assert (mended.finding, mended.needs_person) == (Finding.UNKNOWN, True)
    assert mended.detail == "gone.Model.file is no field of this project any more."
    assert Scan.objects.get().status == "held"


def test_the_command_sweeps_and_says_so(unrecorded, capsys):
    call_command("nsfw_sweep", "--older-than", "0")
    assert capsys.readouterr().out.splitlines() == [
        f"recorded: upload of host.Photo.image ({unrecorded.image.name}): "
        f"object {unrecorded.pk} waits in the queue again",
        "1 recorded.",
    ]
