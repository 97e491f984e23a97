"""The example's postbox: a browser, a bucket that speaks, and the site between them."""

import tempfile
from pathlib import Path

import pytest

from tests.chromium import chromium, keep
from tests.conftest import encode, mistaken, picture
from tests.example.conftest import Example, serving
from tests.s3.server import KEY, MEDIA, SECRET, Server, free_ports

from .waiting import soon

TOKEN = "the-token-that-the-bucket-shows"


@pytest.fixture(scope="module")
def bucket():
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="nsfw_s3_") as folder:
        server = Server(Path(folder), webhook=(f"http://127.0.0.1:{port}/bucket-events/", TOKEN))
        server.port = port
        yield server
        server.stop()


@pytest.fixture(scope="module")
def site(bucket, tmp_path_factory):
    example = Example(tmp_path_factory.mktemp("example"))
    example.environment |= {
        "NSFW_HOSTS": "direct_uploads",
        "EXAMPLE_BUCKET": MEDIA,
        "EXAMPLE_BUCKET_TOKEN": TOKEN,
        "AWS_ENDPOINT_URL": bucket.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for command in (["check"], ["migrate", "--verbosity", "0"]):
        done = example.manage(*command)
        assert (done.returncode, done.stderr) == (0, "")
    with serving(example, port=bucket.port) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize(
    ("body", "notices"),
    [
        pytest.param(picture(640, 480), [], id="clear"),
        pytest.param(encode(mistaken(seed=18), "JPEG"), ["Awaiting review"], id="held"),
    ],
)
def test_a_picture_goes_to_the_bucket_and_is_shown_when_it_was_looked_at(
    bucket, site, browser, body, notices
):
    page = browser.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    page.goto(f"{site}postbox/")
    before = page.locator(".grid img").count()
    page.set_input_files("#image", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": body})
    page.click("text=Put it there")
    page.wait_for_function(f"document.querySelectorAll('.grid img').length === {before + 1}")
    image = page.locator(".grid img").first
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => image.naturalWidth") == (480 if notices else 640)
    keep(page)
    assert page.locator(".grid li").first.locator(".nsfw-notice").all_inner_texts() == notices
    if notices:  # deleted a moment after its scan is held
        soon(lambda: body not in bucket.files(MEDIA).values(), "the picture is gone")
    else:
        assert body in bucket.files(MEDIA).values()
    assert complaints == []
    page.close()


def test_without_a_key_to_sign_with_the_page_says_so(tmp_path, browser):
    example = Example(tmp_path / "example")
    example.environment |= {"NSFW_HOSTS": "direct_uploads", "AWS_EC2_METADATA_DISABLED": "true"}
    example.migrate()
    with serving(example) as address:
        page = browser.new_page()
        page.goto(f"{address}postbox/")
        picture_of = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()}
        page.set_input_files("#image", picture_of)
        page.click("text=Put it there")
        said = page.get_by_text("The site has no key to sign with")
        said.wait_for()
        page.close()
