"""An object arrives in a bucket, and is held before anybody asks."""

import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import reverse

from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from tests.conftest import photograph, picture
from tests.s3.server import MEDIA
from tests.s3.visitors import fetch

from .conftest import TOKEN, counts, link, of_s3

pytestmark = pytest.mark.django_db(databases="__all__")


def test_what_looks_explicit_is_held_when_it_arrives(
    site, put, expected, tell, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        photo = expected("photos/a.png")
    assert not Scan.objects.exists()  # nothing is there yet
    put("photos/a.png", photograph())
    with django_capture_on_commit_callbacks(execute=True):
        answer = tell(of_s3("photos/a.png"))
    assert (answer.status_code, answer.json()) == (200, counts(scanned=1))
    scan = Scan.objects.get()
    photo.refresh_from_db()
    assert scan.status == Scan.Status.HELD
    assert scan.name == photo.image.name != "photos/a.png"
    assert fetch(link(site, "photos/a.png")) is None
    assert photograph() not in site.files("media").values()
    assert list(site.files("quarantine").values()).count(photograph()) == 1

    with django_capture_on_commit_callbacks(execute=True):
        approve(scan, moderator=None)
    photo.refresh_from_db()
    assert fetch(link(site, photo.image.name)) == photograph()


def test_what_is_clear_stays_under_its_key(site, put, expected, tell, constant):
    constant.answer = 0.1
    photo = expected("photos/a.png")
    put("photos/a.png", photograph())
    assert tell(of_s3("photos/a.png")).json() == counts(scanned=1)
    photo.refresh_from_db()
    assert photo.image.name == "photos/a.png"
    assert Scan.objects.get().status == Scan.Status.CLEAR


def test_an_event_that_comes_twice_changes_nothing(site, put, expected, tell, constant):
    constant.answer = 0.1
    expected("photos/a.png")
    put("photos/a.png", photograph())
    for _ in range(3):
        assert tell(of_s3("photos/a.png")).json() == counts(scanned=1)
    assert Scan.objects.count() == 1
    assert constant.inferences == 1


def test_a_second_upload_by_the_same_link_is_looked_at_again(
    site, put, expected, tell, constant, django_capture_on_commit_callbacks
):
    """A link is good for as long as it was signed for: first a harmless picture, then another."""
    constant.answer = 0.1
    photo = expected("photos/a.jpg")
    put("photos/a.jpg", picture(seed=1))
    tell(of_s3("photos/a.jpg"))
    constant.answer = 0.8
    put("photos/a.jpg", picture(seed=2))
    with django_capture_on_commit_callbacks(execute=True):
        tell(of_s3("photos/a.jpg"))
    photo.refresh_from_db()
    assert photo.image.name != "photos/a.jpg"
    assert [scan.status for scan in Scan.objects.order_by("pk")] == ["superseded", "held"]
    assert fetch(link(site, "photos/a.jpg")) is None


def test_an_event_before_its_row_leaves_the_scan_to_the_row(
    site, put, expected, tell, caplog, django_capture_on_commit_callbacks
):
    put("photos/a.png", photograph())
    with caplog.at_level("INFO", "django_nsfw.contrib.bucket_events"):
        assert tell(of_s3("photos/a.png")).json() == counts(unnamed=1)
    assert not Scan.objects.exists()
    assert caplog.messages == ["No row names 'photos/a.png' in the bucket 'media'."]
    with django_capture_on_commit_callbacks(execute=True):
        expected("photos/a.png")
    assert Scan.objects.get().status == Scan.Status.HELD


def test_the_location_of_a_storage_is_no_part_of_the_name(build, db, tell, constant):
    constant.answer = 0.1
    from tests.host.models import Avatar

    site = build("s3", "s3", media_location="public")
    site.server.client.put_object(Bucket=MEDIA, Key="public/photos/a.png", Body=photograph())
    Avatar.objects.create(image="photos/a.png")
    assert tell(of_s3("public/photos/a.png")).json() == counts(scanned=1)
    assert tell(of_s3("photos/a.png")).json() == counts(elsewhere=1)
    assert tell(of_s3("public/photos/a.png", bucket="another")).json() == counts(elsewhere=1)


def test_what_is_gone_by_now_is_no_failure(site, expected, tell):
    expected("photos/a.png")
    assert tell(of_s3("photos/a.png")).json() == counts(scanned=1)
    assert not Scan.objects.exists()


def test_of_several_one_that_fails_is_asked_for_again_and_the_others_are_scanned(
    site, put, expected, tell, constant, monkeypatch
):
    constant.answer = 0.1
    for key in ("photos/a.png", "photos/b.png"):
        expected(key)
        put(key, photograph())
    opened = type(site.media).open

    def failing(self, name, mode="rb"):
        if name == "photos/a.png":
            raise ConnectionError("the bucket does not answer")
        return opened(self, name, mode)

    monkeypatch.setattr(type(site.media), "open", failing)
    answer = tell(of_s3("photos/a.png", "photos/b.png"))
    assert (answer.status_code, answer.json()) == (503, counts(scanned=1, failed=1))
    assert Scan.objects.get().name == "photos/b.png"


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (TOKEN, 200),
        ("Bearer the-old-token-of-the-bucket", 200),
        ("Basic " + base64.b64encode(f"sns:{TOKEN}".encode()).decode(), 200),
        ("Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode(), 401),
        ("Basic ###", 401),
        ("Bearer another", 401),
        ("Bearer ", 401),
        ("", 401),
        ("Bearer tökén", 401),
    ],
)
def test_who_may_send_events(db, tell, authorization, status):
    answer = tell({"Event": "s3:TestEvent"}, token=authorization)
    assert answer.status_code == status
    asked = answer.headers.get("WWW-Authenticate")
    assert asked == (None if status == 200 else 'Basic realm="events of the bucket"')


def test_a_page_cannot_be_read_there(client):
    assert client.get(reverse("nsfw_bucket_events:receive")).status_code == 405


def test_what_is_no_event_is_refused_with_its_reason(tell):
    answer = tell(b"{}")
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "No message of a bucket has the keys none."},
    )


def test_an_invitation_is_written_to_the_log(tell, caplog):
    invitation = {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example/?t=1"}
    assert tell(invitation).json() == counts()
    assert caplog.messages == [
        "To have the events of the bucket sent here, open https://sns.example/?t=1"
    ]


@override_settings(NSFW_BUCKET_EVENTS_TOKENS=[])
def test_without_a_token_nobody_may(tell):
    with pytest.raises(ImproperlyConfigured, match="without one anybody could send events"):
        tell({"Event": "s3:TestEvent"})
