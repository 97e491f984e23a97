"""Only what was looked at is decided: what changed since is refused, and scanned again."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from django_nsfw.decisions import approve, reject
from django_nsfw.exceptions import DecisionRefused
from django_nsfw.models import Decision, Scan
from tests.conftest import picture, upload
from tests.decisions.ways import BODY, Status, in_status, scan_of
from tests.folders import held, journalled, public
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


@pytest.mark.parametrize(
    ("decide", "status", "message"),
    [
        (approve, Status.CLEAR, "A scan that is “clear” cannot be approved."),
        (approve, Status.APPROVED, "A scan that is “approved” cannot be approved."),
        (approve, Status.GONE, "A scan that is “object gone” cannot be approved."),
        (approve, Status.SUPERSEDED, "A scan that is “superseded” cannot be approved."),
        (reject, Status.REJECTED, "A scan that is “rejected” cannot be rejected."),
        (reject, Status.GONE, "A scan that is “object gone” cannot be rejected."),
        (reject, Status.SUPERSEDED, "A scan that is “superseded” cannot be rejected."),
    ],
)
def test_what_cannot_be_decided_is_refused(decide, status, message, constant, moderator):
    _, scan = in_status(status, constant, moderator)
    before, decisions = public(), Decision.objects.count()
    with pytest.raises(DecisionRefused) as refused:
        decide(scan, moderator=moderator)
    assert (str(refused.value), refused.value.code) == (message, "status")
    assert (public(), Decision.objects.count()) == (before, decisions)


@pytest.mark.parametrize(
    ("first", "second"),
    [(approve, approve), (approve, reject), (reject, approve), (reject, reject)],
    ids=lambda decide: decide.__name__,
)
def test_of_two_moderators_the_second_is_told(first, second, photo, moderator):
    one, other = scan_of(photo), scan_of(photo)
    first(one, moderator=moderator)
    before = public()
    with pytest.raises(DecisionRefused) as refused:
        second(other, moderator=moderator)
    assert str(refused.value) == "Somebody else settled it meanwhile."
    assert refused.value.code == "settled"
    assert other.status == one.status  # it shows what was decided
    assert (public(), Decision.objects.count(), journalled()) == (before, 1, [])


@pytest.mark.parametrize("decide", [approve, reject], ids=lambda d: d.__name__)
def test_a_file_that_was_replaced_since_is_not_decided(decide, photo, moderator):
    stale = scan_of(photo)
    photo.image = upload("dog.jpg", body=picture(seed=42))
    photo.save()
    with pytest.raises(DecisionRefused, match="The object has another file now"):
        decide(stale, moderator=moderator)
    assert stale.status == "superseded"
    assert scan_of(photo).status == "held"
    assert Decision.objects.count() == 0
    assert BODY in held()


def test_a_file_that_came_by_another_way_since_is_scanned(photo, constant, moderator):
    default_storage.save("photos/other.jpg", ContentFile(picture(seed=42)))
    Photo.objects.update(image="photos/other.jpg")
    with pytest.raises(DecisionRefused, match="The object has another file now") as refused:
        approve(scan_of(photo), moderator=moderator)
    assert refused.value.code == "superseded"
    assert [(s.status, s.original_name) for s in Scan.objects.order_by("pk")] == [
        ("superseded", "photos/cat.jpg"),
        ("held", "photos/other.jpg"),
    ]


def swap(photo, seed=43):
    """Other bytes under the same name, as an attacker with access to the storage puts them."""
    name = Photo.objects.get(pk=photo.pk).image.name
    default_storage.delete(name)
    assert default_storage.save(name, ContentFile(picture(seed=seed))) == name


@pytest.mark.parametrize(
    ("decide", "status"),
    [
        (approve, Status.FLAGGED),
        (reject, Status.FLAGGED),
        (reject, Status.APPROVED),
        (reject, Status.CLEAR),
    ],
)
def test_swapped_bytes_are_refused_and_go_through_the_queue(decide, status, constant, moderator):
    photo, scan = in_status(status, constant, moderator)
    decisions = Decision.objects.count()
    swap(photo)
    constant.answer = 0.8
    with pytest.raises(DecisionRefused, match="its bytes have changed since") as refused:
        decide(scan, moderator=moderator)
    assert refused.value.code == "changed"
    assert Decision.objects.count() == decisions
    assert [s.status for s in Scan.objects.order_by("pk")] == ["superseded", "held"]
    assert held() == [picture(seed=43)]
    assert picture(seed=43) not in public().values()
    assert journalled() == []


def quarantined(scan, tmp_path):
    return tmp_path / "quarantine" / scan.quarantine_name


def test_held_bytes_that_are_missing_cannot_be_released(photo, moderator, tmp_path):
    scan = scan_of(photo)
    quarantined(scan, tmp_path).unlink()
    with pytest.raises(DecisionRefused, match="The file in quarantine is missing") as refused:
        approve(scan, moderator=moderator)
    assert refused.value.code == "missing"
    assert (scan.status, Decision.objects.count(), journalled()) == ("held", 0, [])
    reject(scan, moderator=moderator)


def test_held_bytes_that_were_altered_cannot_be_released(photo, moderator, tmp_path):
    scan = scan_of(photo)
    before = public()
    quarantined(scan, tmp_path).write_bytes(picture(seed=44))
    with pytest.raises(DecisionRefused, match="is not the one that was scanned") as refused:
        approve(scan, moderator=moderator)
    assert refused.value.code == "changed"
    assert (scan.status, public(), journalled()) == ("held", before, [])


def test_a_public_file_that_is_missing_cannot_be_rejected(clear, moderator):
    default_storage.delete(clear.image.name)
    with pytest.raises(DecisionRefused, match=r"The file 'photos/cat\.jpg' is missing") as refused:
        reject(scan_of(clear), moderator=moderator)
    assert refused.value.code == "missing"
    assert (held(), journalled()) == ([], [])


@pytest.mark.parametrize("decide", [approve, reject], ids=lambda d: d.__name__)
def test_an_object_that_is_gone_is_not_decided(decide, photo, moderator):
    scan = scan_of(photo)
    Photo.objects.filter(pk=photo.pk)._raw_delete("default")
    with pytest.raises(DecisionRefused, match="The object is gone") as refused:
        decide(scan, moderator=moderator)
    assert refused.value.code == "gone"
    assert (scan.status, held()) == ("gone", [BODY])


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("gone.Model.image", "gone.Model.image is no field of this project any more."),
        ("host.Photo.gone", "host.Photo.gone is no field of this project any more."),
        ("host.Photo.title", "host.Photo.title is no file field any more."),
    ],
)
def test_a_model_or_field_that_left_the_project_is_not_decided(field, message, photo, moderator):
    Scan.objects.update(field=field)
    with pytest.raises(DecisionRefused) as refused:
        approve(Scan.objects.get(), moderator=moderator)
    assert (str(refused.value), refused.value.code) == (message, "gone")
    assert held() == [BODY]
