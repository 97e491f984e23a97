"""What is no picture arrives as well: nobody is there who could be told, so it is held."""

import json

import pytest
from django.urls import reverse

from django_nsfw.models import Scan
from tests.conftest import picture
from tests.host.models import Avatar
from tests.s3.server import MEDIA
from tests.s3.visitors import fetch

from .conftest import TOKEN, of_s3

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
PDF = b"%PDF-1.7 of nothing"


def tell(client, *keys):
    answer = client.post(
        reverse("nsfw_bucket_events:receive"),
        json.dumps(of_s3(*keys)),
        content_type="application/json",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert answer.status_code == 200
    return answer.json()["scanned"]


@pytest.fixture(autouse=True)
def harmless(site, constant):
    constant.answer = 0.1


def link(site, key):
    return f"{site.server.endpoint}/{MEDIA}/{key}"


@pytest.mark.parametrize(
    ("key", "body", "code"),
    [
        pytest.param("photos/a.svg", SVG, "unsupported_format", id="an SVG"),
        pytest.param("photos/a.png", PDF, "unsupported_format", id="a PDF named png"),
        pytest.param("photos/a.png", picture(), "extension_mismatch", id="a JPEG named png"),
        pytest.param("photos/a.jpg", picture()[:-400], "unreadable_image", id="half a picture"),
        pytest.param("photos/a.html", b"<p>hello", "not_a_picture", id="a page"),
        pytest.param("photos/a.jpg", b"", "unsupported_format", id="nothing at all"),
    ],
)
def test_it_is_held_with_its_reason_and_leaves_its_key(
    key, body, code, site, put, expected, client
):
    photo = expected(key)
    put(key, body)
    assert tell(client, key) == 1
    scan = Scan.objects.get()
    assert (scan.status, scan.error_code) == ("held", code)
    photo.refresh_from_db()
    assert photo.image.name == scan.name != key
    assert fetch(link(site, key)) is None
    assert list(site.files("quarantine").values()).count(body) == 1


def test_of_fifty_in_one_message_the_good_ones_stay(site, put, expected, client, constant):
    bodies = {f"photos/{at}.jpg": picture(48, 32, seed=at) for at in range(50)}
    bad = {"photos/7.jpg": PDF, "photos/23.jpg": SVG, "photos/41.jpg": picture(seed=60)[:-400]}
    for key, body in {**bodies, **bad}.items():
        expected(key)
        put(key, body)
    assert tell(client, *bodies) == 50
    assert set(Scan.objects.filter(status="held").values_list("original_name", flat=True)) == set(
        bad
    )
    stay = set(bodies) - set(bad)
    assert set(Avatar.objects.values_list("image", flat=True)) >= stay
    files = site.files("media")
    assert {key: files[key] for key in stay} == {key: bodies[key] for key in stay}
    assert not set(bad) & set(files)
    assert constant.inferences == 47
