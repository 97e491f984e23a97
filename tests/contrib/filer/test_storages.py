"""Files of one field in two storages: who reads or clears away files looks in the right one."""

import json
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from easy_thumbnails.models import Thumbnail
from filer.fields.multistorage_file import STORAGES
from filer.models import File, Image

from django_nsfw import assessment, pending, renditions
from django_nsfw.checks.storages import check_quarantine, public_storages
from django_nsfw.coverage import exposed
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from django_nsfw.quarantine import journal
from django_nsfw.signals import file_replaced
from django_nsfw.sweeping import sweep
from tests.conftest import picture
from tests.contrib.filer.conftest import facts, facts_of, image, now
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture()
BOTH = pytest.mark.parametrize("is_public", [True, False], ids=["public", "private"])


@BOTH
def test_moderators_see_the_file_wherever_it_is(is_public, constant):
    image(is_public=is_public)
    assert renditions.bytes_of(Scan.objects.get()) == BODY


@BOTH
def test_a_rescan_finds_and_holds_what_was_never_scanned(is_public, constant, kept):
    cat = image(is_public=is_public)
    Scan.objects.all().delete()
    assessment.memo.clear()
    constant.answer = 0.7
    call_command("nsfw_rescan", "filer.File", unscanned=True, verbosity=0)
    assert Scan.objects.get().status == "held"
    assert held() == [BODY]
    assert list(kept()) == [now(cat).file.name]
    assert facts(now(cat)) == facts_of(kept()[now(cat).file.name])


def test_a_rescan_of_both_looks_up_their_storages_at_once(constant, django_assert_num_queries):
    for is_public in (True, False, True):
        image(is_public=is_public)
    files = list(File.objects.all())
    Scan.objects.all().delete()
    call_command("nsfw_rescan", "filer.File", unscanned=True, verbosity=0)
    assert {scan.object_pk for scan in Scan.objects.all()} == {str(file.pk) for file in files}


@BOTH
def test_a_score_that_comes_later_settles_it(is_public, constant, kept, settings):
    settings.NSFW_RUNNER = "tests.background.post.Post"
    cat = image(is_public=is_public)
    assert (Scan.objects.get().status, held()) == ("pending", [BODY])
    assert facts(cat) == facts_of(kept()[cat.file.name])
    pending.score(Scan.objects.get().pk)
    assert kept() == {now(cat).file.name: BODY}
    assert facts(now(cat)) == facts_of(BODY)


@BOTH
@pytest.mark.parametrize("verb", [approve, reject], ids=["released", "taken down"])
def test_the_sweep_ends_what_a_crash_cut_off(verb, is_public, constant, kept, monkeypatch):
    """The process dies right after the commit."""
    constant.answer = 0.7 if verb is approve else 0.1
    cat = image(is_public=is_public)
    assert len(cat.thumbnails) == 4
    with monkeypatch.context() as crash:
        crash.setattr(journal, "_end", lambda token, last_step: None)
        verb(Scan.objects.get(), moderator=None)
    assert Thumbnail.objects.count() == 3
    assert [each.finding for each in sweep(older_than=timedelta(0))] == ["finished"]
    cat = now(cat)
    assert list(kept()) == [cat.file.name]
    assert facts(cat) == facts_of(kept()[cat.file.name])
    assert (kept()[cat.file.name] == BODY) is (verb is approve)
    assert Thumbnail.objects.count() == 0


@BOTH
def test_a_thumbnail_that_cannot_be_deleted_is_tried_again(is_public, constant, kept, monkeypatch):
    cat = image(is_public=is_public)
    assert len(cat.thumbnails) == 4
    storage = type(cat.file.thumbnail_storage)
    delete = storage.delete

    def fail(self, name):
        if "__32x32" in name:
            raise OSError("no answer")
        delete(self, name)

    with monkeypatch.context() as broken:
        broken.setattr(storage, "delete", fail)
        reject(Scan.objects.get(), moderator=None)
    assert BODY not in kept().values()
    assert len(kept()) == 2
    assert [each.finding for each in sweep(older_than=timedelta(0))] == ["finished"]
    assert list(kept()) == [now(cat).file.name]


@BOTH
def test_an_upload_that_was_cut_off_leaves_nothing(is_public, constant, kept, monkeypatch):
    constant.answer = 0.7
    monkeypatch.setattr("django_nsfw.quarantine.hold.journal.stands", lambda token: False)
    with pytest.raises(OSError, match="took this upload for broken"):
        image(is_public=is_public)
    assert kept() == {}


@BOTH
def test_the_copies_of_held_bytes_are_looked_for_in_the_same_storage(is_public, constant):
    constant.answer = 0.7
    cat = image(is_public=is_public)
    scan = Scan.objects.get()
    assert list(exposed(Scan.objects.all())) == []
    cat.file.storage.save(scan.original_name, ContentFile(BODY))
    assert [each.kind for each in exposed(Scan.objects.all())] == ["exposed"]


def test_a_manifest_says_where_each_file_is(constant, tmp_path, private):
    cat, secret = image(), image("secret.jpg", is_public=False)
    call_command("nsfw_manifest", "export", str(tmp_path / "files.jsonl"), verbosity=0)
    lines = (tmp_path / "files.jsonl").read_text().splitlines()
    rows = {row["name"]: row["location"] for row in map(json.loads, lines) if "name" in row}
    assert rows == {
        cat.file.name: str(tmp_path / "media" / cat.file.name),
        secret.file.name: str(private / "files" / secret.file.name),
    }


def test_the_quarantine_must_be_apart_from_both(settings, private):
    assert {storage for _, storage in public_storages()} >= set(STORAGES.values())
    assert check_quarantine(None) == []
    settings.STORAGES = {
        **settings.STORAGES,
        "nsfw_quarantine": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": private / "files" / "held"},
        },
    }
    assert [each.id for each in check_quarantine(None)] == ["django_nsfw.E002"]


def test_what_cannot_be_read_is_written_down_later(constant, kept, monkeypatch):
    """django-filer itself would take an empty checksum for the truth."""
    constant.answer = 0.7
    cat = image()
    with monkeypatch.context() as broken:
        broken.setattr(File, "generate_sha1", lambda self: 1 / 0)
        approve(Scan.objects.get(), moderator=None)
    assert now(cat).sha1 == cat.sha1
    list(sweep(older_than=timedelta(0)))
    assert facts(now(cat)) == facts_of(BODY)


def test_a_model_of_the_sites_own_is_left_alone(constant):
    """Other fields send the same signal."""
    cat = image()
    before = File.objects.filter(pk=cat.pk).values().get()
    file_replaced.send(
        Scan, field="host.Photo.image", using="default", object_pks=[str(cat.pk)],
        storage=cat.file.storage, was="photos/a.jpg", name=cat.file.name,
    )  # fmt: skip
    assert File.objects.filter(pk=cat.pk).values().get() == before
    assert Image.objects.get().sha1 == cat.sha1
