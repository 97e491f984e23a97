"""Objects live in several databases; their scans are in one, so that there is one queue."""

import pytest
from django.db import transaction

from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.folders import held, journalled
from tests.host.models import Album, Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=21)


def test_an_object_of_the_second_database_waits_in_the_one_queue(explicit):
    first = Photo.objects.create(image=upload(body=picture(seed=1)))
    photo = Photo(image=upload(body=BODY))
    photo.save(using="second")
    assert photo.pk == first.pk or Photo.objects.using("second").count() == 1
    assert not Scan.objects.using("second").exists()
    assert list(Scan.objects.order_by("pk").values_list("object_db", "status")) == [
        ("default", "held"),
        ("second", "held"),
    ]
    assert list(Scan.objects.of_object(photo, "image")) == [Scan.objects.latest("pk")]
    assert journalled() == []


def test_objects_of_two_databases_with_one_key_do_not_settle_each_other(explicit):
    photos = {}
    for db in ("default", "second"):
        photos[db] = Photo(pk=77, image=upload(body=picture(seed=1)))
        photos[db].save(using=db)
    photos["default"].image = upload("dog.jpg", body=picture(seed=2))
    photos["default"].save()
    assert sorted(Scan.objects.values_list("object_db", "status")) == [
        ("default", "held"),
        ("default", "superseded"),
        ("second", "held"),
    ]
    photos["default"].delete()
    assert sorted(Scan.objects.values_list("object_db", "status")) == [
        ("default", "gone"),
        ("default", "superseded"),
        ("second", "held"),
    ]


def test_an_uploader_who_is_a_user_of_the_second_database_only_is_left_out(
    explicit, django_user_model
):
    ann = django_user_model(username="ann")
    ann.save(using="second")
    album = Album(owner=ann)
    album.save(using="second")
    Photo(image=upload(body=BODY), album=album).save(using="second")
    scan = Scan.objects.get()
    assert (scan.object_db, scan.uploader) == ("second", None)
    assert journalled() == []


def test_a_rolled_back_transaction_in_the_second_database_records_nothing(explicit):
    with pytest.raises(RuntimeError), transaction.atomic(using="second"):
        Photo(image=upload(body=BODY)).save(using="second")
        raise RuntimeError
    assert Scan.objects.count() == 0
    assert held() == [BODY]
