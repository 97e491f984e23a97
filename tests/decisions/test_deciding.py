"""What a moderator does: bytes move, rows follow, decisions are written."""

import io
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.signals import post_save

from django_nsfw.bodies import digest
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Decision, Scan
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import encode, mistaken, picture, upload
from tests.decisions.ways import BODY, Status, in_status, scan_of, shown
from tests.folders import held, journalled, public
from tests.host.models import Album, Asset, FramedPhoto, Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


@pytest.mark.parametrize("status", [Status.HELD, Status.FLAGGED, Status.REJECTED])
def test_approving_shows_the_very_bytes(status, constant, moderator):
    photo, scan = in_status(status, constant, moderator)
    decision = approve(scan, moderator=moderator, note="fine")
    assert (scan.status, Scan.objects.get().status) == ("approved", "approved")
    assert shown(photo) == BODY
    assert list(public().values()) == [BODY]
    assert (held(), journalled()) == ([], [])
    assert (decision.from_status, decision.to_status, decision.note) == (status, "approved", "fine")
    assert decision.sha256 == digest(io.BytesIO(BODY))[0]
    assert Decision.objects.latest("pk") == decision


@pytest.mark.parametrize(
    "status", [Status.HELD, Status.FLAGGED, Status.APPROVED, Status.CLEAR], ids=str
)
def test_rejecting_keeps_the_bytes_out_of_reach(status, constant, moderator):
    _, scan = in_status(status, constant, moderator)
    reject(scan, moderator=moderator)
    assert (scan.status, Scan.objects.get().status) == ("rejected", "rejected")
    assert BODY not in public().values()
    assert len(public()) == 1
    assert Photo.objects.get().image.name in public()
    assert (held(), journalled()) == ([BODY], [])
    assert scan.settled_at is not None


@pytest.mark.parametrize("decide", [approve, reject])
def test_a_scan_that_was_read_from_a_replica_is_settled_where_scans_are_written(
    decide, photo, moderator
):
    Scan.objects.get().save(using="second", force_insert=True)  # as a replica has it
    scan = Scan.objects.using("second").get()
    decide(scan, moderator=None)
    assert Scan.objects.get().status == Decision.objects.get().to_status == scan.status
    assert Scan.objects.using("second").get().status == "held"


def test_back_and_forth_brings_the_same_bytes_under_names_that_never_were(photo, moderator):
    names = [photo.image.name]
    scan = scan_of(photo)
    for decide in (approve, reject, approve, reject, approve):
        decide(scan, moderator=moderator)
        names.append(Photo.objects.get().image.name)
        assert list(public()) == names[-1:]  # whatever was served before is not any more
        assert (BODY in public().values()) is (decide is approve)
        assert (held() == [BODY]) is (decide is reject)
    assert len(set(names)) == len(names)
    assert Scan.objects.count() == 1
    assert list(Decision.objects.order_by("pk").values_list("from_status", "to_status")) == [
        ("held", "approved"),
        ("approved", "rejected"),
        ("rejected", "approved"),
        ("approved", "rejected"),
        ("rejected", "approved"),
    ]


def test_released_files_have_the_name_and_the_size_that_they_came_with(constant, moderator):
    constant.answer = 0.8
    photo = Photo.objects.create(image=upload("Holiday.JPG", picture(120, 80)))
    Photo.objects.update(width=1, height=1)
    approve(scan_of(photo), moderator=moderator)
    photo.refresh_from_db()
    assert photo.image.name.startswith("photos/Holiday_")
    assert photo.image.name.endswith(".JPG")
    assert (photo.width, photo.height) == (120, 80)
    assert (photo.image.width, photo.image.height) == (120, 80)


def test_a_file_that_is_no_picture_comes_back_with_its_extension(constant, moderator):
    asset = Asset()
    asset.file.save("report.pdf", ContentFile(b"%PDF-1.7"))
    approve(Scan.objects.get(), moderator=moderator)
    asset.refresh_from_db()
    assert asset.file.name.endswith(".pdf")
    assert public() == {asset.file.name: b"%PDF-1.7"}


def test_the_real_detectors_mistake_is_put_right(moderator):
    body = encode(mistaken(), "PNG")
    photo = Photo.objects.create(image=upload("sand.png", body))
    assert shown(photo) != body
    approve(scan_of(photo), moderator=moderator)
    assert shown(photo) == body


def test_the_host_is_not_saved_and_its_other_columns_stay(photo, moderator):
    Photo.objects.update(title="changed meanwhile")
    calls = []
    post_save.connect(lambda **kw: calls.append(kw), sender=Photo, weak=False, dispatch_uid="t")
    approve(scan_of(photo), moderator=moderator)
    post_save.disconnect(sender=Photo, dispatch_uid="t")
    assert calls == []
    assert Photo.objects.get().title == "changed meanwhile"


def test_a_child_is_decided_through_its_parent(constant, moderator):
    constant.answer = 0.8
    framed = FramedPhoto.objects.create(image=upload(body=BODY))
    approve(Scan.objects.get(), moderator=moderator)
    framed.refresh_from_db()
    assert public() == {framed.image.name: BODY}


def test_an_object_of_the_second_database_is_released_there(constant, moderator):
    constant.answer = 0.8
    twin = Photo.objects.create(pk=9, image=upload(body=picture(seed=1)))
    photo = Photo(pk=9, image=upload(body=BODY))
    photo.save(using="second")
    approve(Scan.objects.get(object_db="second"), moderator=moderator)
    photo.refresh_from_db(using="second")
    assert public()[photo.image.name] == BODY
    assert Photo.objects.get().image.name == twin.image.name
    assert Scan.objects.get(object_db="default").status == "held"
    reject(Scan.objects.get(object_db="second"), moderator=moderator)
    assert BODY not in public().values()
    assert Photo.objects.using("second").get().image.name in public()


def test_copies_of_an_object_are_settled_together(photo, moderator):
    clone = Photo.objects.get()
    clone.pk, clone._state.adding = None, True
    clone.save()
    scan = scan_of(photo)
    approve(scan, moderator=moderator)
    assert shown(photo) == shown(clone) == BODY
    assert list(public().values()) == [BODY]
    reject(scan_of(clone), moderator=moderator, note="no")
    assert BODY not in public().values()
    assert shown(photo) == shown(clone)
    assert held() == [BODY]
    assert set(Scan.objects.values_list("status", flat=True)) == {"rejected"}
    assert list(Decision.objects.values_list("note", flat=True)) == ["", "", "no", "no"]


def test_a_copy_of_an_approved_object_takes_nothing_from_it(photo, moderator):
    approve(scan_of(photo), moderator=moderator)
    clone = Photo.objects.get()
    clone.pk, clone._state.adding = None, True
    clone.save()
    assert shown(photo) == shown(clone) == BODY
    assert list(Scan.objects.values_list("status", flat=True)) == ["approved", "approved"]


def test_decisions_are_only_ever_added(photo, moderator):
    decision = approve(scan_of(photo), moderator=moderator)
    for change in (
        decision.save,
        decision.delete,
        Decision.objects.all().delete,
        lambda: Decision.objects.update(note="x"),
    ):
        with pytest.raises(TypeError, match="Decisions are append-only"):
            change()


def test_a_decision_outlives_its_moderator_by_name(photo, moderator):
    decision = approve(scan_of(photo), moderator=moderator)
    moderator.delete()
    decision.refresh_from_db()
    assert (decision.moderator, decision.moderator_name) == (None, "mo")


def test_an_uploader_who_is_deleted_leaves_the_scan(constant, django_user_model):
    constant.answer = 0.8
    ann = django_user_model.objects.create_user("ann")
    Photo.objects.create(image=upload(body=BODY), album=Album.objects.create(owner=ann))
    ann.delete()
    scan = Scan.objects.get()
    assert (scan.uploader, scan.status, held()) == (None, "gone", [])


@pytest.mark.parametrize("decide", [approve, reject], ids=lambda d: d.__name__)
def test_a_decision_that_is_rolled_back_leaves_whole_files(decide, photo, moderator):
    scan = scan_of(photo)
    if decide is reject:
        approve(scan, moderator=moderator)
    before, decisions, kept = shown(photo), Decision.objects.count(), held()
    with pytest.raises(RuntimeError), transaction.atomic():
        decide(scan_of(photo), moderator=moderator)
        raise RuntimeError
    assert shown(photo) == before
    assert Decision.objects.count() == decisions
    assert [m.finding for m in sweep(older_than=timedelta(0))] == [Finding.UNDONE]
    assert (list(public().values()), held(), journalled()) == ([before], kept, [])
