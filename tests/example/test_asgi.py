"""The example under uvicorn: its pages, and the upload as a coroutine."""

import sys

import pytest

from tests.conftest import encode, mistaken, picture
from tests.example.browser import Browser
from tests.example.conftest import Example, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    example = Example(tmp_path_factory.mktemp("asgi"))
    example.migrate()
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", "0"]
    with serving(example, command=command) as address:
        yield address


@pytest.mark.parametrize("at", ["/upload/", "/upload/async/"])
@pytest.mark.parametrize(
    ("title", "body", "said", "notice"),
    [
        ("Squares", picture(format="PNG"), "“Squares” is published.", ""),
        ("Circles", encode(mistaken(), "PNG"), "“Circles” awaits review", "Awaiting review"),
    ],
)
def test_an_upload(site, at, title, body, said, notice):
    visitor = Browser(site)
    page = visitor.upload(title, "a.png", body, at=at)
    assert f"Thank you. {said}" in page.text
    assert page.cards[title]["notice"] == notice


def test_an_upload_that_is_refused_says_so_at_its_field(site):
    page = Browser(site).upload(
        "Nothing", "a.png", picture(format="PNG")[:200], at="/upload/async/"
    )
    assert page.status == 200
    assert "The picture was not uploaded." in page.text
