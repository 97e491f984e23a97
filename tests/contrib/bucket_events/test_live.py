"""A bucket that says by itself what happens in it, to a site that runs."""

import tempfile
from pathlib import Path

import pytest
from django.urls import reverse

from django_nsfw.models import Scan
from tests.conftest import photograph, picture
from tests.host.models import Avatar
from tests.s3.server import MEDIA, Server
from tests.s3.sites import Site
from tests.s3.visitors import fetch

from .conftest import TOKEN
from .waiting import soon

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


@pytest.fixture
def told(live_server, storages, settings, constant):
    constant.answer = 0.8
    address = live_server.url + reverse("nsfw_bucket_events:receive")
    with tempfile.TemporaryDirectory(prefix="nsfw_s3_") as folder:
        server = Server(Path(folder), webhook=(address, TOKEN))
        site = Site(server, storages, settings, media="s3", quarantine="s3")
        try:
            yield site
        finally:
            site.close()
            server.stop()


def scan_of(photo, status) -> Scan:
    scans = Scan.objects.of_object(photo, "image").order_by("-pk")
    return soon(
        lambda: next((scan for scan in scans.all()[:1] if scan.status == status), None),
        f"the scan of {photo.image.name} is {status}",
    )


def gone(told, key: str) -> bool:
    """It is deleted when what holds it is committed, a moment after that can be seen."""
    link = f"{told.server.endpoint}/{MEDIA}/{key}"
    return soon(lambda: fetch(link) is None, f"{key} is gone")


def test_what_a_browser_puts_there_is_held_without_anybody_asking(told, constant):
    put = told.server.client.put_object
    photo = Avatar.objects.create(image="photos/a.png")
    put(Bucket=MEDIA, Key="photos/a.png", Body=photograph())
    scan = scan_of(photo, "held")
    photo.refresh_from_db()
    assert photo.image.name == scan.name != "photos/a.png"
    assert gone(told, "photos/a.png")

    constant.answer = 0.1
    other = Avatar.objects.create(image="photos/b.jpg")
    put(Bucket=MEDIA, Key="photos/b.jpg", Body=picture())
    scan_of(other, "clear")
    constant.answer = 0.9
    put(Bucket=MEDIA, Key="photos/b.jpg", Body=picture(seed=2))  # by the same link
    scan_of(other, "held")
    assert gone(told, "photos/b.jpg")

    put(Bucket=MEDIA, Key="photos/b.jpg", Body=picture(seed=3))  # and once more
    assert gone(told, "photos/b.jpg")
    assert picture(seed=3) in told.files("quarantine").values()
    [scan] = Scan.objects.of_object(other, "image").current()
    assert scan.status == "held"
