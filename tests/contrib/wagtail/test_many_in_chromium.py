"""Fifty files at once in Wagtail's uploader, in a real browser: what is said beside each."""

import pytest
from django.urls import reverse
from wagtail.images import get_image_model

from django_nsfw.models import Scan
from tests.chromium import keep
from tests.conftest import picture
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BAD = {
    "7.png": (
        b"%PDF-1.7",
        "Upload a valid image. The file you uploaded was either not an image or a corrupted image.",
    ),
    "23.svg": (
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "Not a supported image format. Supported formats: AVIF, GIF, JPG, JPEG, PNG, WEBP.",
    ),
    "41.jpg": (
        picture(seed=41)[:-400],
        "This picture cannot be read. It may be damaged: open it, save it again as JPEG or PNG, "
        "and send that.",
    ),
}
"""Name → its bytes, and what is said of it. The second is said by Wagtail's script, which sends
nothing then."""


@pytest.fixture
def window(logged_in, cms):
    with logged_in(cms, width=1280, height=900) as window:
        yield window


def test_three_bad_ones_are_told_what_is_wrong_and_the_others_are_there(window, constant):
    constant.answer = 0.1
    good = {f"{at}.jpg": picture(24, 16, seed=at) for at in range(50)}
    for name in BAD:
        del good[f"{name.partition('.')[0]}.jpg"]
    bodies = good | {name: body for name, (body, _) in BAD.items()}
    window.goto(reverse("wagtailimages:add_multiple"))
    sent = []
    window.on("request", lambda request: request.method == "POST" and sent.append(request))
    window.set_input_files(
        "#fileupload",
        [{"name": name, "mimeType": "", "buffer": body} for name, body in bodies.items()],
    )
    window.locator("#upload-list > li.upload-success").nth(46).wait_for(timeout=60_000)
    told = window.locator("#upload-list > li.upload-failure")
    told.nth(2).wait_for()
    keep(window)
    shown = told.all_inner_texts()
    for name, (_, message) in BAD.items():
        assert [message in text for text in shown if name in text] == [True], shown
    assert (told.count(), window.locator("#upload-list > li").count()) == (3, 50)
    assert get_image_model().objects.count() == Scan.objects.filter(status="clear").count() == 47
    assert (len(sent), held()) == (49, [])
