"""The example with sorl-thumbnail: a small copy goes with the picture that it was made of."""

import re

import pytest

from tests.chromium import chromium, keep
from tests.conftest import picture
from tests.example.browser import Browser
from tests.example.conftest import hosting, serving

REJECT = """
from django_nsfw.decisions import reject
from django_nsfw.models import Scan
reject(Scan.objects.get(), moderator=None)
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return hosting("sorl", tmp_path_factory.mktemp("example"))


def test_the_copy_of_a_picture_that_is_rejected_is_gone(example):
    done = example.manage("check")
    assert (done.returncode, done.stderr) == (0, "")
    with serving(example) as address:
        visitor = Browser(address)
        visitor.upload("Clouds", "clouds.jpg", picture(320, 240))
        [small] = re.findall(r'<img src="(/media/cache/[^"]+)"', visitor.get("/sheet/").html)
        assert visitor.get(small).status == 200
        done = example.manage("shell", "--verbosity", "0", "--command", REJECT)
        assert (done.returncode, done.stderr) == (0, "")
        assert visitor.get(small).status == 404
        assert "Clouds" not in visitor.get("/sheet/").text  # the gallery leaves it out


SIZE = "image => image.decode().then(() => [image.clientWidth, image.clientHeight])"


def test_a_copy_has_the_shape_of_its_card(example):
    with serving(example) as address, chromium() as browser:
        Browser(address).upload("Stripes", "stripes.jpg", picture(640, 480, seed=9))
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(f"{address}sheet/")
        width, height = page.locator(".card img").first.evaluate(SIZE)
        keep(page)
        assert (height, width > 300) == (round(width * 3 / 4), True)
