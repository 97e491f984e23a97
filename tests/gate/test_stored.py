"""Rows that come by other ways than an upload and a signal: in bulk, as copies, by name."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Asset, FramedPhoto, Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=7)


def by_create():
    return Photo.objects.create(title="x", image=upload(body=BODY))


def test_bulk_create_holds_at_once_and_the_sweep_records(explicit, media):
    bodies = [picture(seed=seed) for seed in range(3)]
    Photo.objects.bulk_create(
        Photo(title=f"{i}", image=upload(f"{i}.jpg", body)) for i, body in enumerate(bodies)
    )
    assert not {body for _, body in media.received} & set(bodies)
    assert sorted(held()) == sorted(bodies)
    assert Scan.objects.count() == 0
    mended = list(sweep(older_than=timedelta(0)))
    assert [m.finding for m in mended] == [Finding.RECORDED] * 3
    assert list(Scan.objects.order_by("object_pk").values_list("object_pk", "status", "name")) == [
        (str(photo.pk), "held", photo.image.name) for photo in Photo.objects.order_by("pk")
    ]
    assert list(sweep(older_than=timedelta(0))) == []


def test_an_object_of_bulk_create_that_is_saved_after_the_sweep_has_one_scan(explicit):
    photos = [Photo(title="x", image=upload(body=BODY))]
    Photo.objects.bulk_create(photos)
    list(sweep(older_than=timedelta(0)))
    photos[0].title = "y"
    with transaction.atomic():
        photos[0].save()
    assert Scan.objects.get().status == "held"
    assert Photo.objects.get().title == "y"


def test_an_object_of_bulk_create_that_is_saved_before_the_sweep_is_recorded_then(explicit):
    photo = Photo(title="x", image=upload(body=BODY))
    Photo.objects.bulk_create([photo])
    photo.save()
    assert Scan.objects.get().object_pk == str(photo.pk)
    assert list(sweep(older_than=timedelta(0))) == []


def test_a_created_object_that_names_a_stored_file_is_scanned_and_taken_down(explicit):
    default_storage.save("photos/there.jpg", ContentFile(BODY))
    photo = Photo.objects.create(title="x", image="photos/there.jpg")
    photo.refresh_from_db()
    scan = Scan.objects.get()
    assert (scan.status, scan.name, scan.original_name) == (
        "held",
        photo.image.name,
        "photos/there.jpg",
    )
    assert held() == [BODY]
    assert list(public()) == [photo.image.name]
    assert public()[photo.image.name] != BODY
    assert journalled() == []


def test_a_created_object_that_names_a_clear_stored_file_keeps_it(constant):
    default_storage.save("photos/there.jpg", ContentFile(BODY))
    photo = Photo.objects.create(title="x", image="photos/there.jpg")
    assert Scan.objects.get().status == "clear"
    assert public() == {photo.image.name: BODY}


def test_a_created_object_that_names_a_missing_file_is_left_alone(explicit):
    Photo.objects.create(title="x", image="photos/nowhere.jpg", width=1, height=1)
    assert Scan.objects.count() == 0


def test_a_child_made_of_a_held_parent_does_not_settle_it(explicit):
    photo = by_create()
    child = FramedPhoto(photo_ptr=photo, frame="pine")
    child.__dict__.update({k: v for k, v in vars(photo).items() if k not in ("_state",)})
    child.save()
    assert [s.status for s in Scan.objects.all()] == ["held"]


def test_a_copy_of_a_held_object_is_not_taken_for_clear(explicit):
    original = by_create()
    explicit.answer = 0.0
    clone = Photo.objects.get()
    clone.pk, clone._state.adding = None, True
    clone.save()
    assert clone.pk != original.pk
    assert "clear" not in Scan.objects.values_list("status", flat=True)


@pytest.mark.parametrize("stored", [True, False], ids=["stored already", "stored with it"])
def test_the_file_of_an_unwatched_field_is_scanned_after_the_commit(
    stored, constant, django_assert_num_queries
):
    photo = by_create()
    constant.answer = 0.8
    asset = Asset(thumbnail=upload("x.jpg", body=picture(seed=8)))
    if stored:
        asset.save()
    photo.image = asset.thumbnail
    photo.save()
    photo.refresh_from_db()
    assert list(Scan.objects.order_by("pk").values_list("status", "name")) == [
        ("superseded", "photos/cat.jpg"),
        ("held", photo.image.name),
    ]
    assert picture(seed=8) not in public().values()
    assert held() == [picture(seed=8)]
    with django_assert_num_queries(1):
        photo.save()


def leave_deleted_by_sql(photo):
    Photo.objects.all()._raw_delete("default")
    [found] = sweep(verify=True)
    assert found.finding is Finding.OBJECT_GONE


def leave_replaced(photo):
    photo.image = upload("dog.jpg", picture(seed=9))
    photo.save()


def leave_kept(photo):
    Photo.objects.all()._raw_delete("default")
    Scan.objects.all().update(object_pk="", status="gone")  # as the sweep records an upload


@pytest.mark.parametrize("leave", [leave_deleted_by_sql, leave_replaced, leave_kept])
def test_a_new_row_that_names_a_placeholder_waits_with_what_is_behind_it(leave, explicit, media):
    photo = by_create()
    name = photo.image.name
    leave(photo)
    explicit.answer, explicit.inferences = 0.0, 0
    again = Photo.objects.create(title="x", image=name)
    scan = Scan.objects.get(object_pk=str(again.pk), name=name)
    assert (scan.status, scan.nsfw, scan.settled_at) == ("held", 0.8, None)
    assert explicit.inferences == 0
    assert list(sweep(older_than=timedelta(0), verify=True)) == []
    approve(scan, moderator=None)
    again.refresh_from_db()
    assert public()[again.image.name] == BODY
    assert BODY not in {body for n, body in public().items() if n != again.image.name}


def test_a_new_row_that_names_a_placeholder_with_nothing_behind_it_is_not_cleared(explicit):
    photo = by_create()
    name = photo.image.name
    reject(Scan.objects.get(), moderator=None)
    leave_replaced(photo)
    Scan.objects.filter(name=name).update(quarantine_name="", pruned_at=timezone.now())
    explicit.inferences = 0
    Photo.objects.create(title="x", image=name)
    assert explicit.inferences == 0
    assert [scan.status for scan in Scan.objects.filter(name=name)] == ["superseded"]
