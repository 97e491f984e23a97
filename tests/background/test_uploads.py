"""An upload does not wait for its score; visitors do, or see it at once, as the policy says."""

import logging
from datetime import timedelta

import pytest
from django import forms
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from django_nsfw.decisions import approve, reject
from django_nsfw.exceptions import DecisionRefused
from django_nsfw.models import Scan
from django_nsfw.scanning import examined
from django_nsfw.sweeping import Finding, sweep
from django_nsfw.validators import NSFWValidator
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY = picture(seed=61)


class PhotoForm(forms.ModelForm):
    class Meta:
        model = Photo
        fields = ("image",)


def scan():
    return Scan.objects.latest("pk")


def shown():
    return public()[Photo.objects.latest("pk").image.name]


@pytest.fixture
def immediately(settings):
    settings.NSFW_POLICY = {"publish": "immediately"}


def test_an_upload_is_kept_back_and_no_detector_is_touched(constant, post):
    Photo.objects.create(image=upload(body=BODY))
    assert (scan().status, scan().scored_at, scan().error_code) == ("pending", None, "")
    assert (scan().format, scan().width, scan().height) == ("JPEG", 96, 64)
    assert held() == [BODY]
    assert shown() != BODY
    assert (constant.loads, constant.inferences) == (0, 0)
    assert post.messages == [(scan().pk, 0)]
    assert journalled() == []


def test_published_immediately_it_is_seen_and_listed(constant, post, immediately):
    Photo.objects.create(image=upload(body=BODY))
    assert scan().status == "unscored"
    assert (shown(), held()) == (BODY, [])
    assert constant.loads == 0
    assert post.messages == [(scan().pk, 0)]


def test_a_form_takes_it_and_says_that_it_waits(constant, post):
    form = PhotoForm(files={"image": upload(body=BODY)})
    assert form.is_valid()
    assert examined(form.cleaned_data["image"]).pending
    form.save()
    assert constant.loads == 0
    assert scan().status == "pending"


def test_a_form_refuses_what_the_header_gives_away(constant, post, settings):
    settings.NSFW_LIMITS = {"max_pixels": 1000}
    form = PhotoForm(files={"image": upload(body=BODY)})
    assert list(form.errors["image"].as_data()[0].__dict__) and not form.is_valid()
    assert form.errors["image"].as_data()[0].code == "image_too_large"


def test_what_no_header_can_be_read_of_is_held_at_once(constant, post):
    Photo.objects.create(image=upload("notes.jpg", b"no picture"))
    assert (scan().status, scan().error_code) == ("held", "unsupported_format")
    assert post.messages == []


def test_a_field_that_nobody_watches_is_scored_at_once(constant, post):
    constant.answer = 0.97
    field = forms.ImageField(validators=[NSFWValidator(reject=0.95)])
    with pytest.raises(forms.ValidationError) as refused:
        field.clean(upload(body=BODY))
    assert refused.value.error_list[0].code == "nsfw"
    assert constant.inferences == 1


@pytest.mark.parametrize(
    ("decide", "status"),
    [(approve, "approved"), (reject, "rejected")],
    ids=["approved", "rejected"],
)
def test_known_bytes_wait_for_nobody(constant, post, deliver, decide, status):
    Photo.objects.create(image=upload(body=BODY))
    constant.answer = 0.8
    deliver()
    decide(scan(), moderator=None)
    Photo.objects.create(image=upload("again.jpg", BODY))
    assert scan().status == status
    assert (post.messages, constant.inferences) == ([], 1)


def test_nothing_is_sent_for_an_upload_that_was_rolled_back(constant, post):
    with pytest.raises(RuntimeError), transaction.atomic():
        Photo.objects.create(image=upload(body=BODY))
        raise RuntimeError("the view fails")
    assert post.messages == []
    assert Scan.objects.count() == 0
    assert held() == [BODY]  # the sweep records it


def test_a_message_is_sent_after_the_commit(constant, post):
    with transaction.atomic():
        Photo.objects.create(image=upload(body=BODY))
        assert post.messages == []
    assert len(post.messages) == 1


def test_a_broker_that_is_down_costs_nothing(constant, settings, post, caplog, deliver):
    settings.NSFW_RUNNER = "tests.background.post.DeadPost"
    with caplog.at_level(logging.ERROR):
        Photo.objects.create(image=upload(body=BODY))
    assert "the broker is down" in caplog.text
    assert (scan().status, held()) == ("pending", [BODY])
    Scan.objects.update(created_at=scan().created_at - timedelta(seconds=31))
    [found] = sweep(older_than=timedelta(0))
    assert (found.finding, found.needs_person) == (Finding.FAILED, True)
    settings.NSFW_RUNNER = "tests.background.post.Post"
    assert [m.finding for m in sweep(older_than=timedelta(0))] == [Finding.SENT]
    deliver()
    assert (scan().status, shown(), held()) == ("clear", BODY, [])


def test_bulk_create_keeps_back_as_well_and_the_sweep_sends(constant, post, deliver):
    Photo.objects.bulk_create([Photo(image=upload(body=BODY))])
    assert held() == [BODY]
    assert (Scan.objects.count(), post.messages) == (0, [])
    assert [m.finding for m in sweep(older_than=timedelta(0))] == [Finding.RECORDED]
    assert scan().status == "pending"
    deliver()
    assert (scan().status, shown()) == ("clear", BODY)


@pytest.mark.parametrize(
    ("policy", "status", "seen"),
    [("after_scan", "pending", False), ("immediately", "unscored", True)],
    ids=["after the scan", "immediately"],
)
def test_a_file_that_was_stored_by_other_means_waits_too(
    constant, post, settings, deliver, policy, status, seen
):
    settings.NSFW_POLICY = {"publish": policy}
    default_storage.save("photos/there.jpg", ContentFile(BODY))
    Photo.objects.create(image="photos/there.jpg")
    assert scan().status == status
    assert (shown() == BODY) is seen
    assert constant.loads == 0
    deliver()
    assert (scan().status, shown(), journalled()) == ("clear", BODY, [])


def test_a_moderator_may_be_faster_than_the_worker(constant, post, deliver):
    Photo.objects.create(image=upload(body=BODY))
    approve(scan(), moderator=None)
    assert (scan().status, shown()) == ("approved", BODY)
    constant.answer = 0.99
    deliver()
    assert (scan().status, shown(), constant.inferences) == ("approved", BODY, 0)


def test_a_moderator_may_take_down_what_was_published_immediately(constant, post, immediately):
    Photo.objects.create(image=upload(body=BODY))
    reject(scan(), moderator=None)
    assert (scan().status, held()) == ("rejected", [BODY])
    with pytest.raises(DecisionRefused):
        reject(scan(), moderator=None)
