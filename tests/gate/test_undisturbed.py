"""The host notices nothing: its signals, its transactions, its queries, its fixtures."""

import json
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models.signals import post_save, pre_save

from django_nsfw import recognition, scanning
from django_nsfw.assessment import memo
from django_nsfw.detectors import detectors
from django_nsfw.models import Scan
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Album, Badge, FramedPhoto, Photo, PhotoProxy

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=21)


@pytest.fixture
def calls():
    """Every signal of saving that any model sends, ours left out."""
    seen = []

    def note(signal, sender, instance, **kwargs):
        if not sender._meta.app_label.startswith("django_nsfw"):
            name = "pre_save" if signal is pre_save else "post_save"
            seen.append((name, sender.__name__, kwargs.get("created"), kwargs["update_fields"]))

    pre_save.connect(note)
    post_save.connect(note)
    yield seen
    pre_save.disconnect(note)
    post_save.disconnect(note)


def test_the_hosts_signals_fire_once_for_one_save(explicit, calls):
    Photo.objects.create(image=upload(body=BODY))
    assert calls == [("pre_save", "Photo", None, None), ("post_save", "Photo", True, None)]


def test_the_hosts_signals_fire_as_they_would_for_a_file_that_is_saved_by_itself(explicit, calls):
    Photo().image.save("cat.jpg", ContentFile(BODY))
    assert calls == [("pre_save", "Photo", None, None), ("post_save", "Photo", True, None)]


def test_holding_a_stored_file_saves_no_instance(explicit, calls):
    Photo._meta.get_field("image").storage.save("photos/a.jpg", ContentFile(BODY))
    Photo.objects.create(image="photos/a.jpg")
    assert Scan.objects.get().status == "held"
    assert len(calls) == 2


def test_models_without_a_watched_field_have_no_receiver_of_ours():
    ours = [
        sender
        for sender in (Album, Scan)
        for receivers in post_save._live_receivers(sender)
        for receiver in receivers
        if receiver.__module__.startswith("django_nsfw")
    ]
    assert ours == []


@pytest.mark.parametrize("model", [Photo, PhotoProxy, FramedPhoto])
def test_the_scan_names_the_object_that_holds_the_column(model, explicit):
    Photo.objects.create(image=upload(body=picture(seed=1)))
    made = model.objects.create(image=upload(body=BODY))
    scan = Scan.objects.latest("pk")
    assert (scan.field, scan.object_pk) == ("host.Photo.image", str(made.pk))
    assert list(Scan.objects.of_object(made, "image")) == [scan]


def test_the_same_bytes_again_cost_no_inference(constant):
    for name in ("a.jpg", "b.jpg"):
        Photo.objects.create(image=upload(name, body=BODY))
    assert constant.inferences == 1


def test_the_same_bytes_in_another_process_cost_no_inference(constant):
    for _ in range(2):
        Photo.objects.create(image=upload(body=BODY))
        memo.clear()
    assert constant.inferences == 1


def test_another_detector_scores_the_same_bytes_anew(constant, settings):
    Photo.objects.create(image=upload(body=BODY))
    Scan.objects.update(detector="another identity")
    memo.clear()
    Photo.objects.create(image=upload(body=BODY))
    assert constant.inferences == 2
    assert set(Scan.objects.values_list("detector", flat=True)) == {
        "another identity",
        detectors["default"].identity,
    }


def test_deferred_instances_cost_no_query_more(explicit, django_assert_num_queries):
    Photo.objects.create(image=upload(body=BODY))
    with django_assert_num_queries(1):
        photo = Photo.objects.only("title").get()
    with django_assert_num_queries(1):
        photo.save()
    with django_assert_num_queries(1):
        photo = Photo.objects.defer("image").get()
        _ = photo.title


def test_an_atomic_block_that_is_rolled_back_publishes_nothing_and_keeps_the_bytes(explicit):
    with pytest.raises(RuntimeError), transaction.atomic():
        Photo.objects.create(image=upload(body=BODY))
        assert Scan.objects.count() == 1
        raise RuntimeError
    assert (Photo.objects.count(), Scan.objects.count()) == (0, 0)
    assert held() == [BODY]
    assert BODY not in public().values()
    assert len(journalled()) == 1
    assert [m.finding for m in sweep(older_than=timedelta(0))] == [Finding.KEPT]
    scan = Scan.objects.get()
    assert (scan.status, scan.object_pk, held()) == ("gone", "", [BODY])
    assert (list(public()), journalled()) == ([scan.name], [])  # a placeholder that nobody names


def test_a_save_that_fails_and_is_tried_again_records_one_scan(explicit):
    album = Album.objects.create()
    photo = Photo(image=upload(body=BODY), album_id=album.pk + 1)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), transaction.atomic():
        photo.save()
    photo.pk, photo._state.adding, photo.album_id = None, True, album.pk
    photo.save()
    assert [(s.status, s.name) for s in Scan.objects.all()] == [("held", photo.image.name)]
    assert Photo.objects.get().image.name == photo.image.name
    assert (held(), journalled()) == ([BODY], [])
    assert list(sweep(older_than=timedelta(0))) == []


def test_a_copy_made_of_the_same_instance_shares_the_file_and_its_standing(explicit):
    photo = Photo.objects.create(image=upload(body=BODY))
    first = photo.pk
    photo.pk, photo._state.adding = None, True
    photo.save()
    assert list(Scan.objects.order_by("pk").values_list("object_pk", "status", "name")) == [
        (str(first), "held", photo.image.name),
        (str(photo.pk), "held", photo.image.name),
    ]
    assert held() == [BODY]


def test_the_journal_entry_stays_until_the_transaction_commits(explicit):
    with transaction.atomic():
        Photo.objects.create(image=upload(body=BODY))
        assert len(journalled()) == 1
    assert journalled() == []


def test_a_raw_fixture_is_loaded_as_it_is(explicit, tmp_path):
    fixture = tmp_path / "photos.json"
    row = {"title": "x", "image": "photos/a.jpg", "width": 1, "height": 1, "album": None}
    fixture.write_text(json.dumps([{"model": "host.photo", "pk": 5, "fields": row}]))
    call_command("loaddata", str(fixture), verbosity=0)
    assert Photo.objects.get().image.name == "photos/a.jpg"
    assert Scan.objects.count() == 0
    assert explicit.inferences == 0


def test_a_fixture_of_a_held_photo_can_be_dumped_and_loaded(explicit, tmp_path):
    photo = Photo.objects.create(image=upload(body=BODY))
    fixture = tmp_path / "photos.json"
    call_command("dumpdata", "host.photo", output=str(fixture), verbosity=0)
    call_command("loaddata", str(fixture), verbosity=0)
    assert Photo.objects.get().image.name == photo.image.name
    assert Scan.objects.get().status == "held"


def test_an_album_without_owner_and_a_photo_without_album_have_no_uploader(explicit, caplog):
    Photo.objects.create(image=upload(body=BODY), album=Album.objects.create())
    Photo.objects.create(image=upload(body=BODY))
    assert list(Scan.objects.values_list("uploader", flat=True)) == [None, None]
    assert caplog.records == []


def test_a_scan_names_the_uploader_at_the_end_of_the_path(explicit, django_user_model):
    ann = django_user_model.objects.create_user("ann")
    Photo.objects.create(image=upload(body=BODY), album=Album.objects.create(owner=ann))
    assert Scan.objects.get().uploader == ann


@pytest.fixture
def unmigrated(monkeypatch):
    """The app is installed and nobody has run ``migrate`` yet."""
    for shield in (recognition._of_bytes, recognition._of_likeness, scanning._recording):
        monkeypatch.setattr(shield, "_proven", set())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_nsfw_scan RENAME TO not_there_yet")
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE not_there_yet RENAME TO django_nsfw_scan")


@pytest.mark.parametrize("answer", [0.0, 0.8], ids=["clear", "held"])
@pytest.mark.parametrize("atomic", [False, True], ids=["in autocommit", "in a transaction"])
def test_uploads_work_before_migrate_and_the_held_ones_are_recorded_later(
    atomic, answer, constant, unmigrated
):
    constant.answer = answer
    with transaction.atomic() if atomic else nullcontext():
        photo = Photo.objects.create(title="x", image=upload(body=BODY))
        photo.title = "y"
        photo.save()
    assert Photo.objects.get().title == "y"
    assert (BODY in public().values()) is (answer == 0.0)
    assert held() == ([BODY] if answer else [])
    assert len(journalled()) == len(held())


def test_two_files_of_one_object_are_two_scans(explicit):
    badge = Badge.objects.create(
        shrunk=upload("a.png", body=picture(format="PNG")),
        after=upload("b.png", body=picture(seed=22, format="PNG")),
    )
    assert sorted(Scan.objects.values_list("field", "name")) == [
        ("host.Badge.after", badge.after.name),
        ("host.Badge.shrunk", badge.shrunk.name),
    ]
    badge.shrunk = upload("c.png", body=picture(seed=23, format="PNG"))
    badge.save(update_fields=["shrunk"])
    assert sorted(Scan.objects.values_list("field", "status")) == [
        ("host.Badge.after", "held"),
        ("host.Badge.shrunk", "held"),
        ("host.Badge.shrunk", "superseded"),
    ]


def test_a_saved_instance_carries_nothing_of_ours(explicit):
    photo = Photo.objects.create(image=upload(body=BODY))
    assert not [value for name, value in vars(photo).items() if "nsfw" in name and value]
