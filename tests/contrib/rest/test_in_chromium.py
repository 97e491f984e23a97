"""The browsable API in a real browser: people send files by its forms, and read what it says."""

import json

import pytest

from django_nsfw.models import Scan
from tests.chromium import keep
from tests.conftest import picture, upload
from tests.contrib.rest.conftest import BAD
from tests.contrib.rest.test_uploads import SENTENCES
from tests.folders import held, public
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(200, 150)
PHOTOS = "/api/photos/"
LOOKS_EXPLICIT = "This picture looks explicit and cannot be accepted. Please choose another one."


@pytest.fixture
def window(logged_in, admin_client):
    """Logged in: what is sent needs the token of the form."""
    with logged_in(admin_client, width=1100, height=800, locale="en-GB") as window:
        yield window


@pytest.fixture
def photo(constant):
    made = Photo.objects.create(title="old", image=upload("old.jpg", seed=1))
    constant.inferences = 0
    return made


def send(window, method, name, body, title="Cat"):
    """Fill in the form of the page, and wait for the answer, which is a page of its own."""
    form = window.locator(f"#{method.lower()}-object-form")
    form.locator("input[name=title]").fill(title)
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": body}
    form.locator("input[name=image]").set_input_files(file)
    form.get_by_role("button", name=method).click()
    window.locator(".request-info", has_text=f"{method} {PHOTOS}").wait_for()


def answer(window) -> tuple[str, dict]:
    """What the page shows of the response: its status, and its JSON."""
    head, body = window.locator(".response-info pre").inner_text().split("\n\n", 1)
    return head.splitlines()[0], json.loads(body)


def said_at_fields(window, method) -> dict[str, list[str]]:
    """Name of a field → the errors below it."""
    fields = window.locator(f"#{method.lower()}-object-form .form-group")
    found = {
        field.locator("input, select").first.get_attribute("name"): field.locator(
            ".help-block"
        ).all_inner_texts()
        for field in fields.all()
    }
    return {name: said for name, said in found.items() if said}


@pytest.mark.parametrize(("name", "body", "code"), BAD.values(), ids=BAD)
def test_a_bad_file_is_an_error_at_its_field(window, constant, name, body, code):
    window.goto(PHOTOS)
    send(window, "POST", name, body)
    keep(window)
    assert said_at_fields(window, "POST") == {"image": [SENTENCES[code]]}
    assert answer(window) == ("HTTP 400 Bad Request", {"image": [SENTENCES[code]]})
    assert window.locator("#post-object-form input[name=title]").input_value() == "Cat"
    assert not Photo.objects.exists()
    assert constant.inferences == 0


def test_what_looks_explicit_is_an_error_at_its_field(window, constant):
    constant.answer = 0.96
    window.goto(PHOTOS)
    send(window, "POST", "cat.jpg", BODY)
    keep(window)
    assert said_at_fields(window, "POST") == {"image": [LOOKS_EXPLICIT]}
    assert (public(), held()) == ({}, [])


def test_a_doubtful_picture_is_taken_and_the_answer_says_that_it_waits(window, constant):
    constant.answer = 0.7
    window.goto(PHOTOS)
    send(window, "POST", "cat.jpg", BODY)
    keep(window)
    status, said = answer(window)
    assert status == "HTTP 201 Created"
    assert (said["image_status"], said["image_notice"]) == ("held", "Awaiting review")
    assert held() == [BODY]
    assert BODY not in public().values()
    assert constant.inferences == 1


def test_a_replacement_that_is_refused_leaves_the_picture(window, photo, constant):
    window.goto(f"{PHOTOS}{photo.pk}/")
    before = public()
    constant.answer = 0.96
    send(window, "PUT", "cat.jpg", BODY)
    keep(window)
    assert said_at_fields(window, "PUT") == {"image": [LOOKS_EXPLICIT]}
    assert Photo.objects.values_list("title", "image").get() == ("old", photo.image.name)
    assert public() == before


def test_a_patch_without_a_file_keeps_the_picture(window, photo, constant):
    """The form has all fields; a part of them is sent as raw data."""
    window.goto(f"{PHOTOS}{photo.pk}/")
    window.get_by_role("link", name="Raw data").click()
    raw = window.locator("#put-generic-content-form")
    raw.get_by_label("Content").last.fill('{"title": "new"}')
    before = public()
    raw.get_by_role("button", name="PATCH").click()
    window.locator(".request-info", has_text=f"PATCH {PHOTOS}").wait_for()
    keep(window)
    status, said = answer(window)
    assert (status, said["title"], said["image_status"]) == ("HTTP 200 OK", "new", None)
    assert Photo.objects.values_list("title", "image").get() == ("new", photo.image.name)
    assert public() == before
    assert (Scan.objects.count(), constant.inferences) == (1, 0)
