"""Deleting an object deletes what was held of it, once that is committed and never before."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from django_nsfw.decisions import approve, reject
from django_nsfw.models import Decision, Scan
from django_nsfw.quarantine import discard
from django_nsfw.retention import prune
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Album, Asset, FramedPhoto, Photo, PhotoProxy, Slide

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def soon():
    return [(m.finding, m.detail) for m in sweep(older_than=timedelta(0))]


def nothing_is_left():
    return (held(), public(), journalled()) == ([], {}, [])


def by_model_delete(photo):
    photo.delete()


def by_queryset(photo):
    Photo.objects.filter(pk=photo.pk).delete()


def by_proxy(photo):
    PhotoProxy.objects.get(pk=photo.pk).delete()


def by_cascade(photo):
    photo.album.delete()


def by_two_cascades(photo):
    photo.album.owner.delete()


def in_a_transaction(photo):
    with transaction.atomic(), transaction.atomic():
        photo.delete()
        assert len(held()) == 1


@pytest.mark.parametrize(
    "delete",
    [by_model_delete, by_queryset, by_proxy, by_cascade, by_two_cascades, in_a_transaction],
)
def test_bytes_and_placeholder_go_and_the_record_stays(delete, hold, ann):
    photo = hold(owner=ann)
    delete(photo)
    assert nothing_is_left()
    scan = Scan.objects.get()
    assert (scan.status, scan.quarantine_name, scan.discard_at) == ("gone", "", None)
    assert scan.pruned_at is not None
    assert (len(scan.sha256), scan.nsfw, scan.verdict) == (64, 0.8, "review")
    assert list(sweep(verify=True)) == []


def test_a_child_with_its_parents(constant):
    constant.answer = 0.8
    FramedPhoto.objects.create(image=upload()).delete()
    assert nothing_is_left()


def test_a_child_that_leaves_its_parents_leaves_what_they_name(constant):
    constant.answer = 0.8
    framed = FramedPhoto.objects.create(image=upload())
    framed.delete(keep_parents=True)
    assert Photo.objects.get().image.name in public()
    assert Scan.objects.get().status == "held"
    assert len(held()) == 1


def test_the_decision_stays(hold):
    photo = hold()
    reject(Scan.objects.get(), moderator=None)
    photo.delete()
    assert nothing_is_left()
    assert Decision.objects.get().scan.status == "gone"


def test_every_file_that_the_object_ever_had_goes(hold):
    photo = hold()
    for seed in (2, 3):
        photo.image = upload(body=picture(seed=seed))
        photo.save()
    assert (len(held()), len(public())) == (3, 3)
    photo.delete()
    assert nothing_is_left()
    assert [scan.status for scan in Scan.objects.order_by("pk")] == [
        "superseded",
        "superseded",
        "gone",
    ]


def test_what_was_pruned_before_leaves_no_placeholder(hold):
    photo = hold()
    reject(Scan.objects.get(), moderator=None)
    list(prune({"rejected": 0}))
    pruned = Scan.objects.get().pruned_at
    photo.delete()
    assert nothing_is_left()
    assert Scan.objects.get().pruned_at == pruned


@pytest.mark.parametrize("score", [0.0, 0.8], ids=["clear", "approved"])
def test_public_files_are_the_hosts_own(score, constant):
    constant.answer = score
    photo = Photo.objects.create(image=upload())
    if score:
        approve(Scan.objects.get(), moderator=None)
        photo.refresh_from_db()
    photo.delete()
    assert len(public()) == 1
    scan = Scan.objects.get()
    assert (scan.status, scan.pruned_at, scan.discard_at) == ("gone", None, None)


def test_a_rollback_deletes_nothing(hold):
    photo = hold()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Photo.objects.get().delete()
        raise ZeroDivisionError
    scan = Scan.objects.get()
    assert (scan.status, scan.discard_at, len(held())) == ("held", None, 1)
    assert photo.image.name in public()
    hold(2).delete()  # the next transaction of this connection takes no more than its own
    assert (Scan.objects.filter(status="held").get(), len(held())) == (scan, 1)


@pytest.mark.parametrize("db", ["default", "second"])
def test_a_savepoint_that_is_rolled_back_deletes_nothing(db, constant):
    constant.answer = 0.8
    photos = [Photo(image=upload(body=picture(seed=seed))) for seed in (1, 2)]
    for photo in photos:
        photo.save(using=db)
    first, second = photos
    with transaction.atomic(using=db):
        try:
            with transaction.atomic(using=db):
                Photo.objects.using(db).get(pk=first.pk).delete()
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        Photo.objects.using(db).get(pk=second.pk).delete()
    assert held() == [picture(seed=1)]
    assert list(public()) == [first.image.name]
    assert sorted(Scan.objects.values_list("status", flat=True)) == ["gone", "held"]


def test_in_the_second_database(hold, constant):
    first = hold()
    other = Photo(pk=first.pk, image=upload(body=picture(seed=2)))
    other.save(using="second")
    with pytest.raises(ZeroDivisionError), transaction.atomic(using="second"):
        Photo.objects.using("second").get().delete()
        raise ZeroDivisionError
    assert len(held()) == 2
    Photo.objects.using("second").all().delete()
    assert held() == [picture(seed=1)]
    assert list(public()) == [first.image.name]
    assert sorted(Scan.objects.values_list("object_db", "status")) == [
        ("default", "held"),
        ("second", "gone"),
    ]


def test_several_fields_and_other_keys(constant, settings):
    constant.answer = 0.8
    Asset.objects.create(file=upload()).delete()
    Slide.objects.create(tray=uuid.uuid4(), position=1, image=upload(body=picture(seed=2))).delete()
    assert nothing_is_left()


def test_a_copy_that_waits_keeps_the_file_and_the_last_one_takes_it(hold):
    photo = hold()
    twin = Photo.objects.create(image=photo.image.name)
    photo.delete()
    assert len(held()) == 1
    assert list(public()) == [twin.image.name]
    assert sorted(Scan.objects.values_list("status", flat=True)) == ["gone", "held"]
    approve(Scan.objects.get(status="held"), moderator=None)
    twin.refresh_from_db()
    reject(Scan.objects.get(status="approved"), moderator=None)
    Photo.objects.get(pk=twin.pk).delete()
    assert nothing_is_left()


def test_a_copy_without_a_scan_keeps_what_it_shows(hold):
    photo = hold()
    Photo.objects.bulk_create([Photo(image=photo.image.name)])
    photo.delete()
    assert len(held()) == 1
    assert list(public()) == [photo.image.name]
    scan = Scan.objects.get()
    assert (scan.status, scan.discard_at, scan.pruned_at) == ("gone", None, None)
    list(prune({"gone": 0}))
    assert (held(), list(public())) == ([], [photo.image.name])


def test_copies_that_are_deleted_together_take_their_file(hold):
    photo = hold()
    Photo.objects.create(image=photo.image.name)
    Photo.objects.all().delete()
    assert nothing_is_left()


def test_raw_deletion_is_seen_by_the_sweep_and_left_to_retention(hold):
    hold()
    Photo.objects.all()._raw_delete("default")
    assert len(held()) == 1
    [mended] = sweep(verify=True)
    assert (mended.finding, Scan.objects.get().status) == (Finding.OBJECT_GONE, "gone")
    assert len(held()) == 1
    list(prune({"gone": 0}))
    assert nothing_is_left()


def test_a_quarantine_that_does_not_answer_keeps_nobody_from_deleting(hold, monkeypatch, caplog):
    photos = [hold(seed) for seed in (1, 2)]

    def fail(storage, name):
        raise OSError("no route")

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", fail)
        Photo.objects.all().delete()
        [*_, (finding, detail)] = soon()
    assert (Photo.objects.count(), len(photos), len(held())) == (0, 2, 2)
    assert "The bytes of scan" in caplog.text
    assert finding is Finding.FAILED
    assert detail == (
        "The quarantine cannot delete the file: no route. Its bytes are still there; sweep again."
    )
    assert set(soon()) == {(Finding.DISCARDED, "the bytes are deleted")}
    assert nothing_is_left()
    assert soon() == []


def test_an_order_that_was_given_lately_is_left_alone(hold, monkeypatch):
    photo = hold()
    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "delete", lambda *args: 1 / 0)
        photo.delete()
    assert list(sweep(verify=True)) == []
    assert len(held()) == 1


def test_clear_objects_cost_one_query_and_one_after_the_commit(constant):
    constant.answer = 0.0
    photo = Photo.objects.create(image=upload())
    with CaptureQueriesContext(connection) as queries:
        photo.delete()
    ours = [query["sql"] for query in queries if "django_nsfw" in query["sql"]]
    assert [sql.split()[0] for sql in ours] == ["UPDATE", "SELECT"]


def test_queries_grow_with_the_objects_and_no_faster(constant):
    """One UPDATE for each object, in Django's own transaction; the rest for all together."""
    constant.answer = 0.8
    counts = {}
    for number in (2, 12):
        for seed in range(number):
            Photo.objects.create(image=upload(body=picture(seed=seed)))
        with CaptureQueriesContext(connection) as queries:
            Photo.objects.all().delete()
        counts[number] = sum("django_nsfw_scan" in query["sql"] for query in queries)
        assert nothing_is_left()
    assert counts[12] - counts[2] == 10
    assert counts[2] - 2 <= 7


def test_many_are_looked_up_in_batches(hold, monkeypatch):
    from django_nsfw import forgetting

    monkeypatch.setattr(forgetting, "BATCH", 2)
    monkeypatch.setattr(discard, "BATCH", 2)
    for seed in range(5):
        hold(seed)
    Photo.objects.all().delete()
    assert nothing_is_left()
    assert Scan.objects.filter(pruned_at__isnull=False).count() == 5


def test_outside_of_any_transaction_of_the_host(hold):
    album = Album.objects.create()
    photo = hold()
    Photo.objects.update(album=album)
    assert not connections["default"].in_atomic_block
    photo.delete()
    assert nothing_is_left()
