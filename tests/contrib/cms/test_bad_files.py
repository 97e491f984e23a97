"""Bad files at the widget of a plugin and in the place of a picture that a page has: django CMS
says what django-filer says, and the page stays as it is."""

import pytest
from django.core.cache import cache
from filer.models import Image

from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.contrib.cms.doors import add_to, seen_by, uploaded
from tests.contrib.filer.doors import PDF, SVG, UNREADABLE, change, send
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture()

REFUSED = [
    pytest.param(
        "cat.jpg", picture(seed=2), 0.97,
        "File “cat.jpg”: This picture looks explicit and cannot be accepted. Please choose another "
        "one.",
        id="one that is rejected",
    ),
    pytest.param("paper.png", PDF, 0.1, UNREADABLE, id="a PDF named png"),
    pytest.param(
        "cat.png", picture(seed=2), 0.1,
        "File “cat.png”: The file name ends in “.png”, but the content is JPEG. Please rename the "
        "file or save it again.",
        id="a JPEG named png",
    ),
    pytest.param(
        "half.jpg", picture(seed=2)[:-400], 0.1,
        "File “half.jpg”: This picture cannot be read. It may be damaged: open it, save it again "
        "as JPEG or PNG, and send that.",
        id="half a picture",
    ),
]  # fmt: skip


@pytest.fixture(autouse=True)
def rejecting(settings):
    policy = settings.NSFW_FIELDS["filer.File.file"] | {"reject": 0.95}
    settings.NSFW_FIELDS = {"filer.File.file": policy}


@pytest.mark.parametrize(("name", "body", "score", "message"), REFUSED)
def test_the_widget_is_told_and_the_picture_of_the_page_stays(
    name, body, score, message, page, constant, admin_client, client
):
    add_to(admin_client, page, uploaded(admin_client))
    before = seen_by(client, page)
    constant.answer = score
    answer = send(admin_client, name, body)
    assert (answer.status_code, answer.json()) == (400, {"error": message})
    assert (Image.objects.count(), seen_by(client, page)) == (1, before)
    assert before[0] == BODY


def test_an_svg_is_a_placeholder_on_the_page(page, constant, admin_client, client):
    answer = send(admin_client, "drawing.svg", SVG)
    add_to(admin_client, page, Image.objects.get(pk=answer.json()["file_id"]))
    assert (Scan.objects.get().status, len(held())) == ("held", 1)
    shown, thumbnail = seen_by(client, page)
    assert shown.startswith(b"\x89PNG")
    assert thumbnail is not None


def test_a_bad_file_in_the_place_of_a_picture(page, constant, admin_client, client):
    image = uploaded(admin_client)
    add_to(admin_client, page, image)
    before = seen_by(client, page)
    errors = change(admin_client, image, file=upload("paper.png", PDF))
    assert errors == {
        "__all__": [
            "File “paper.png”: This file is not a picture of a supported format. Please send one "
            "of: JPEG, PNG, GIF, WEBP, AVIF, BMP, TIFF, HEIF.",
            UNREADABLE,
        ]
    }
    assert seen_by(client, page) == before
    assert before[0] == BODY


def test_a_doubtful_file_in_its_place_is_a_placeholder_on_the_page(
    page, constant, admin_client, client
):
    image = uploaded(admin_client)
    add_to(admin_client, page, image)
    assert seen_by(client, page)[0] == BODY
    constant.answer = 0.7
    assert change(admin_client, image, file=upload("new.jpg", picture(48, 32, seed=5))) == {}
    assert held() == [picture(48, 32, seed=5)]
    cache.clear()  # pages are kept for a while with any picture that an editor replaces
    assert None not in seen_by(client, page)
    assert held()[0] not in seen_by(client, page)
    assert BODY not in seen_by(client, page)
