"""What a worker does with a scan, whatever the engine does with its messages."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from django_nsfw import pending
from django_nsfw.exceptions import DetectorUnavailable
from django_nsfw.models import Scan
from django_nsfw.sweeping import Finding, sweep
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=62)
SOON = timedelta(0)


def scan():
    return Scan.objects.latest("pk")


def shown():
    return public()[Photo.objects.latest("pk").image.name]


@pytest.fixture(params=["after_scan", "immediately"], ids=["after the scan", "immediately"])
def published(request, settings):
    settings.NSFW_POLICY = {"publish": request.param}
    return request.param


@pytest.fixture
def photo(constant, post, published):
    return Photo.objects.create(image=upload(body=BODY))


def lease_ran_out():
    Scan.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def older(seconds):
    Scan.objects.update(created_at=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("score", "policy", "status", "visible"),
    [
        (0.1, {}, "clear", True),
        (0.8, {}, "held", False),
        (0.99, {}, "held", False),  # nobody is there any more who could be refused
        (0.8, {"on_review": "flag"}, "flagged", True),
    ],
    ids=["clear", "to be reviewed", "to be rejected", "flagged"],
)
def test_the_score_puts_it_where_the_policy_wants_it(
    constant, photo, deliver, settings, score, policy, status, visible
):
    settings.NSFW_POLICY |= policy
    constant.answer = score
    first = scan()
    deliver()
    assert (scan().pk, scan().status, scan().nsfw) == (first.pk, status, score)
    assert scan().created_at == first.created_at
    assert scan().scored_at is not None
    assert (shown() == BODY, held() == [BODY]) == (visible, not visible)
    assert len(public()) == 1
    assert journalled() == []


def test_a_released_original_has_a_name_of_its_own_and_its_size(constant, post, deliver):
    before = Photo.objects.create(image=upload(body=BODY)).image.name
    deliver()
    photo = Photo.objects.get()
    assert photo.image.name not in (before, "photos/cat.jpg")
    assert (photo.width, photo.height) == (96, 64)


def test_a_message_that_comes_twice_scores_once(constant, photo, post, deliver):
    post.messages *= 2
    deliver()
    deliver()
    assert (constant.inferences, scan().status, post.messages) == (1, "clear", [])


def test_the_same_bytes_are_not_scored_again(constant, photo, deliver):
    Photo.objects.create(image=upload("twin.jpg", BODY))
    deliver()
    deliver()
    assert constant.inferences == 1
    assert list(Scan.objects.values_list("status", flat=True)) == ["clear", "clear"]


def test_a_scan_that_another_worker_has_is_left_to_it(constant, photo, post, deliver):
    Scan.objects.update(lease_until=timezone.now() + timedelta(seconds=20), attempts=1)
    deliver()
    assert constant.inferences == 0
    [(pk, delay)] = post.messages
    assert pk == scan().pk
    assert 19 < delay < 22


def test_a_dead_worker_costs_its_lease(constant, photo, deliver):
    Scan.objects.update(attempts=1)
    lease_ran_out()
    deliver()
    assert (scan().status, scan().attempts) == ("clear", 2)


def test_the_next_scan_takes_up_the_one_whose_worker_died(constant, photo, post, deliver):
    Scan.objects.update(attempts=1)
    lease_ran_out()
    post.messages.clear()
    Photo.objects.create(image=upload("next.jpg", picture(seed=63)))
    deliver()
    assert list(Scan.objects.values_list("status", flat=True)) == ["clear", "clear"]


def test_workers_that_die_three_times_leave_it_held(constant, photo, deliver):
    Scan.objects.update(attempts=3)
    lease_ran_out()
    deliver()
    assert (scan().status, scan().error_code) == ("held", "unfinished")
    assert scan().error_message == "Its workers died, each time."
    assert (held(), shown() != BODY, constant.inferences) == ([BODY], True, 0)


def test_a_detector_that_cannot_be_had_is_tried_three_times(constant, photo, post, deliver):
    constant.answer = DetectorUnavailable("The hub is down.")
    waited = []
    for attempt in (1, 2, 3):
        deliver()
        assert scan().attempts == attempt
        waited += [delay for _, delay in post.messages]
        lease_ran_out()
    assert waited == [11, 21]
    assert (scan().status, scan().error_code) == ("held", "detector_unavailable")
    assert scan().error_message == "The hub is down."
    assert held() == [BODY]


def test_a_detector_that_comes_back_scores_it(constant, photo, deliver):
    constant.answer = DetectorUnavailable("The hub is down.")
    deliver()
    lease_ran_out()
    constant.answer = 0.1
    deliver()
    assert (scan().status, scan().error_code, scan().error_message) == ("clear", "", "")
    assert shown() == BODY


@pytest.mark.parametrize("leased", [0, 30], ids=["its own", "that of another worker"])
def test_a_broker_that_dies_before_the_next_attempt_leaves_it_to_the_lease(
    constant, photo, settings, caplog, leased
):
    if leased:
        Scan.objects.update(attempts=1, lease_until=timezone.now() + timedelta(seconds=leased))
    settings.NSFW_RUNNER = "tests.background.post.DeadPost"
    constant.answer = DetectorUnavailable("The hub is down.")
    pending.score(scan().pk)
    assert "the broker is down" in caplog.text
    assert (scan().attempts, scan().error_code) == (1, "")
    assert scan().lease_until > timezone.now()


def test_what_cannot_be_scored_is_let_through_where_the_policy_says_so(
    constant, photo, post, deliver, settings
):
    settings.NSFW_POLICY |= {"on_error": "allow"}
    Scan.objects.update(attempts=2)
    constant.answer = DetectorUnavailable("The hub is down.")
    deliver()
    assert (scan().status, scan().error_code) == ("clear", "detector_unavailable")
    assert (shown(), held()) == (BODY, [])


def test_a_picture_that_cannot_be_decoded_is_held_at_the_first_attempt(
    constant, post, published, settings, deliver
):
    settings.NSFW_POLICY = {"publish": published}
    body = BODY[: len(BODY) // 2]
    Photo.objects.create(image=upload(body=body))
    deliver()
    assert (scan().status, scan().error_code, scan().attempts) == ("held", "unreadable_image", 1)
    assert held() == [body]


def test_an_object_that_is_gone_needs_no_score(constant, photo, deliver):
    photo.delete()
    deliver()
    assert constant.inferences == 0
    assert not Scan.objects.current().exists()


def test_a_file_that_was_replaced_needs_no_score(constant, photo, post, deliver):
    photo.image = upload("other.jpg", picture(seed=64))
    photo.save()
    deliver()
    assert constant.inferences == 0
    deliver()
    assert list(Scan.objects.order_by("pk").values_list("status", flat=True)) == [
        "superseded",
        "clear",
    ]


def test_other_bytes_under_the_same_name_are_another_file(constant, post, settings, deliver):
    settings.NSFW_POLICY = {"publish": "immediately"}
    photo = Photo.objects.create(image=upload(body=BODY))
    other = picture(seed=65)
    with default_storage.open(photo.image.name, "wb") as file:
        file.write(other)
    constant.answer = 0.8
    deliver()
    assert list(Scan.objects.order_by("pk").values_list("status", flat=True)) == [
        "superseded",
        "held",
    ]
    assert held() == [other]


def test_a_missing_file_is_looked_for_three_times(constant, post, settings, deliver):
    settings.NSFW_POLICY = {"publish": "immediately"}
    photo = Photo.objects.create(image=upload(body=BODY))
    default_storage.delete(photo.image.name)
    for _ in range(3):
        deliver()
        lease_ran_out()
    assert (scan().status, scan().error_code) == ("gone", "missing")


def test_held_bytes_that_are_missing_wait_for_a_person(constant, post, deliver, storages):
    Photo.objects.create(image=upload(body=BODY))
    (storages / "quarantine" / scan().quarantine_name).unlink()
    for _ in range(3):
        deliver()
        lease_ran_out()
    assert (scan().status, scan().error_code) == ("held", "missing")
    assert shown() != BODY


def test_held_bytes_that_changed_are_not_released(constant, post, deliver, storages):
    Photo.objects.create(image=upload(body=BODY))
    (storages / "quarantine" / scan().quarantine_name).write_bytes(picture(seed=66))
    deliver()
    assert (scan().status, scan().error_code) == ("held", "changed")
    assert shown() != BODY


def test_a_storage_that_fails_at_the_end_leaves_it_to_a_person(
    constant, photo, published, deliver, storages
):
    """The bytes cannot be moved: it waits in the queue on the side where it is."""
    Scan.objects.update(attempts=2)
    constant.answer = 0.8 if published == "immediately" else 0.1
    target = storages / ("quarantine/held" if published == "immediately" else "media/photos")
    if target.exists():
        target.rename(target.with_name("away"))
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"a file where a folder should be")
    deliver()
    assert scan().error_code == "unfinished"
    assert scan().status == ("flagged" if published == "immediately" else "held")


class TestSweep:
    def test_a_scan_that_no_message_reached_is_sent_again(self, photo, post, deliver):
        post.messages.clear()
        assert list(sweep(older_than=SOON)) == []
        older(31)
        assert [m.finding for m in sweep(older_than=SOON, dry_run=True)] == [Finding.SENT]
        assert post.messages == []
        [found] = sweep(older_than=SOON)
        assert (found.finding, found.needs_person) == (Finding.SENT, False)
        deliver()
        assert scan().status == "clear"

    def test_a_scan_whose_worker_died_is_sent_again(self, photo, post):
        post.messages.clear()
        Scan.objects.update(attempts=1, lease_until=timezone.now() + timedelta(seconds=9))
        older(31)
        assert list(sweep(older_than=SOON)) == []
        lease_ran_out()
        assert [m.finding for m in sweep(older_than=SOON)] == [Finding.SENT]

    def test_past_its_deadline_it_is_settled_and_reported(self, photo, post, deliver):
        older(601)
        [found] = sweep(older_than=SOON, dry_run=True)
        assert scan().status in ("pending", "unscored")
        [found] = sweep(older_than=SOON)
        assert (found.finding, found.needs_person) == (Finding.OVERDUE, True)
        assert found.detail == "no worker scored it within 601 s; are workers running?"
        assert (scan().status, scan().error_code) == ("held", "overdue")
        assert (held(), shown() != BODY) == ([BODY], True)
        assert list(sweep(older_than=SOON)) == []
        deliver()
        assert scan().status == "held"

    def test_past_its_deadline_the_policy_may_let_it_through(self, photo, post, settings):
        settings.NSFW_POLICY |= {"on_error": "allow"}
        older(601)
        assert [m.finding for m in sweep(older_than=SOON)] == [Finding.OVERDUE]
        assert (scan().status, shown()) == ("clear", BODY)

    def test_an_inline_runner_scores_what_another_one_left(self, photo, settings):
        settings.NSFW_RUNNER = "django_nsfw.runners.inline.InlineRunner"
        older(31)
        assert [m.finding for m in sweep(older_than=SOON)] == [Finding.SENT]
        assert (scan().status, shown()) == ("clear", BODY)


def test_a_scan_that_does_not_exist_is_no_error(db, post):
    pending.score(4711)
    assert post.messages == []
