"""What django-filer does to stored files by itself: no held bytes get out, and no file is lost."""

from contextlib import nullcontext

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from filer.models import Clipboard, File, Folder
from filer.models.tools import move_files_from_clipboard_to_folder

from django_nsfw import assessment
from django_nsfw.decisions import approve, reject
from django_nsfw.listings import exclude_held
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.filer.conftest import facts, facts_of, image, now
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture()


def toggle(file):
    file = now(file)
    file.is_public = not file.is_public
    file.save()
    return now(file)


def rename(file):
    file = now(file)
    file.name = "Tom"
    file.save()


def act(client, action, folder, *files, **data):
    """An action of the directory listing, with its second page where it has one."""
    address = reverse("admin:filer-directory_listing", args=[folder.pk])
    chosen = {"action": action, "_selected_action": [f"file-{file.pk}" for file in files]}
    answer = client.post(address, {**chosen, **data}, follow=True)
    assert answer.status_code == 200
    return answer


@pytest.fixture
def folder():
    return Folder.objects.create(name="cats")


@pytest.mark.parametrize("is_public", [True, False], ids=["to private", "to public"])
def test_a_held_file_changes_storage_and_is_still_held(is_public, constant, kept):
    constant.answer = 0.7
    cat = image(is_public=is_public)
    placeholder = kept()[cat.file.name]
    cat = toggle(cat)
    assert kept() == {cat.file.name: placeholder}
    assert held() == [BODY]
    scan = Scan.objects.get()
    assert (scan.status, scan.name) == ("held", cat.file.name)
    approve(scan, moderator=None)
    cat = now(cat)
    assert kept() == {cat.file.name: BODY}
    assert cat.file.storage.exists(cat.file.name)
    assert cat.is_public is not is_public
    assert facts(cat) == facts_of(BODY)


def test_a_storage_that_fails_after_the_move_does_not_make_the_save_fail(
    constant, kept, monkeypatch
):
    constant.answer = 0.7
    cat = image()
    with monkeypatch.context() as broken:
        broken.setattr("django_nsfw.stored.digest", lambda file: 1 / 0)
        cat = toggle(cat)
    assert Scan.objects.get().name == cat.file.name
    approve(Scan.objects.get(), moderator=None)
    assert kept() == {now(cat).file.name: BODY}


def test_there_and_back_while_it_is_held(constant, kept):
    constant.answer = 0.7
    cat = toggle(toggle(image()))
    approve(Scan.objects.get(), moderator=None)
    assert kept() == {now(cat).file.name: BODY}
    assert now(cat).file.name.startswith("filer_public/")


def test_a_public_file_that_moved_can_be_rejected(constant, kept):
    cat = toggle(image())
    scan = Scan.objects.get()
    assert (scan.status, scan.name) == ("clear", cat.file.name)
    reject(scan, moderator=None)
    assert held() == [BODY]
    assert BODY not in kept().values()


@pytest.mark.parametrize(
    ("change", "more"), [(toggle, 3), (rename, 1)], ids=["a move", "anything else"]
)
def test_what_it_costs_in_queries(change, more, constant, settings):
    cat = image()
    counts = []
    for fields in ({"filer.File.file": {}}, {}):
        settings.NSFW_FIELDS = fields
        with CaptureQueriesContext(connection) as queries:
            change(cat)
        counts.append(len(queries))
    assert counts[0] - counts[1] == more


def test_the_admins_action_moves_held_files(constant, kept, admin_client, folder):
    constant.answer = 0.7
    cat = image(folder=folder)
    act(admin_client, "files_set_private", folder, cat)
    cat = now(cat)
    assert (cat.is_public, list(kept())) == (False, [cat.file.name])
    approve(Scan.objects.get(), moderator=None)
    assert kept() == {now(cat).file.name: BODY}


@pytest.mark.parametrize("atomic", [False, True], ids=["step by step", "in one transaction"])
@pytest.mark.parametrize("first", ["the copy", "the original"])
def test_a_copy_of_a_held_file_waits_on_its_own(
    first, atomic, constant, kept, admin_client, folder
):
    constant.answer = 0.7
    cat = image(folder=folder)
    there = Folder.objects.create(name="more cats")
    with transaction.atomic() if atomic else nullcontext():
        act(
            admin_client, "copy_files_and_folders", folder, cat,
            post="yes", destination=there.pk, suffix="again",
        )  # fmt: skip
    copy = File.objects.exclude(pk=cat.pk).get()
    assert copy.original_filename == "catagain.jpg"
    assert copy.file.name != now(cat).file.name
    scans = {scan.object_pk: scan for scan in Scan.objects.all()}
    assert {pk: (scan.status, scan.name) for pk, scan in scans.items()} == {
        str(file.pk): ("held", now(file).file.name) for file in (cat, copy)
    }
    assert held() == [BODY]
    order = [copy, cat] if first == "the copy" else [cat, copy]
    for file in order:
        approve(scans[str(file.pk)], moderator=None)
        assert kept()[now(file).file.name] == BODY
        assert facts(now(file)) == facts_of(BODY)
        assert held() == ([BODY] if file is order[0] else [])
    assert len(kept()) == 2


def test_a_copy_of_a_public_file_is_scanned_once(constant, kept, admin_client, folder):
    cat = image(folder=folder)
    there = Folder.objects.create(name="more cats")
    act(
        admin_client, "copy_files_and_folders", folder, cat,
        post="yes", destination=there.pk, suffix="again",
    )  # fmt: skip
    copy = File.objects.exclude(pk=cat.pk).get()
    assert constant.inferences == 1
    scan = Scan.objects.get(object_pk=str(copy.pk))
    assert (scan.status, scan.name) == ("clear", copy.file.name)
    reject(scan, moderator=None)
    assert kept()[now(cat).file.name] == BODY
    assert kept()[now(copy).file.name] != BODY


def test_a_picture_that_is_resized_in_place_is_looked_at_again(
    constant, kept, admin_client, folder
):
    cat = image(folder=folder)
    constant.answer = 0.7
    act(admin_client, "resize_images", folder, cat, post="yes", width=48, height=32)
    cat = now(cat)
    held_scan, earlier = Scan.objects.order_by("-pk")
    assert (held_scan.status, earlier.status) == ("held", "superseded")
    assert (cat.width, cat.height) == (48, 32)
    assert kept()[cat.file.name] != held()[0]
    approve(held_scan, moderator=None)
    assert facts(now(cat)) == facts_of(kept()[now(cat).file.name], 48, 32)


def test_a_held_picture_is_not_resized(constant, kept, admin_client, folder):
    constant.answer = 0.7
    cat = image(folder=folder)
    act(admin_client, "resize_images", folder, cat, post="yes", width=48, height=32)
    assert now(cat).width == 48  # of the placeholder
    approve(Scan.objects.get(), moderator=None)
    assert facts(now(cat)) == facts_of(BODY)


def test_through_the_clipboard(constant, kept, folder, admin_user):
    constant.answer = 0.7
    cat = image()
    clipboard = Clipboard.objects.create(user=admin_user)
    clipboard.append_file(cat)
    move_files_from_clipboard_to_folder(clipboard, folder)
    assert now(cat).folder == folder
    approve(Scan.objects.get(), moderator=None)
    assert kept() == {now(cat).file.name: BODY}


def test_another_stored_file_that_an_object_names_is_looked_at(constant, kept):
    cat, other = image(), image("dog.jpg", picture(seed=7))
    constant.answer = 0.7
    assessment.memo.clear()
    Scan.objects.filter(object_pk=str(other.pk)).delete()
    cat.file = other.file.name
    cat.save()
    scan = Scan.objects.current().get(object_pk=str(cat.pk))
    assert (scan.status, scan.name) == ("held", now(cat).file.name)


def test_what_an_old_instance_brings_back_is_held_again(constant, kept):
    """It was loaded before a moderator rejected it, and its file was moved in between."""
    cat = image()
    old = now(cat)
    body = kept()[old.file.name]
    reject(Scan.objects.get(), moderator=None)
    old.file.storage.save(old.file.name, ContentFile(body))  # read before it was deleted
    old.is_public = False
    old.save()
    assert BODY not in kept().values()
    assert [scan.status for scan in Scan.objects.order_by("pk")] == ["superseded", "rejected"]


def test_listings_know_a_file_that_moved(constant):
    constant.answer = 0.7
    cat = toggle(image())
    assert list(exclude_held(File.objects.all())) == []
    approve(Scan.objects.get(), moderator=None)
    assert list(exclude_held(File.objects.all())) == [now(cat)]


def test_a_replaced_file_supersedes_what_was_held(constant, kept):
    constant.answer = 0.7
    cat = image()
    constant.answer = 0.1
    cat.file = upload("dog.jpg", picture(seed=7))
    cat.save()
    assert [scan.status for scan in Scan.objects.order_by("pk")] == ["superseded", "clear"]
    assert kept()[now(cat).file.name] == picture(seed=7)
    assert facts(now(cat)) == facts_of(picture(seed=7))
