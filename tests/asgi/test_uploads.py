"""Uploads to a site under uvicorn: while pictures are scored, the event loop serves others."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.asgi.running import served
from tests.conftest import encode, picture

REFUSING = ["by_validator", "by_form", "in_a_thread"]
WAYS = [*REFUSING, "by_saving"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("asgi")) as site:
        yield site


@pytest.fixture
def hesitant(site):
    """A site whose detector answers when it is told to."""
    site.get("hold_on")
    yield site
    site.get("go_on")


def red(share: float, side: int = 40) -> bytes:
    return encode(Image.new("RGB", (side, side), (round(255 * share), 0, 0)), "JPEG")


def public(site) -> list[bytes]:
    return [path.read_bytes() for path in (site.data / "media").rglob("*") if path.is_file()]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("redness", "status"), [(0.1, "clear"), (0.7, "held")])
def test_what_becomes_of_an_upload(site, way, redness, status):
    code, said = site.upload(way, red(redness))
    assert (code, said["status"]) == (200, status)
    assert said["nsfw"] == pytest.approx(redness, abs=0.05)
    stored = (site.data / "media" / said["name"]).read_bytes()
    assert (stored == red(redness)) is (status == "clear")


@pytest.mark.parametrize("way", REFUSING)
def test_what_is_refused_is_said(site, way):
    explicit = "This picture looks explicit and cannot be accepted. Please choose another one."
    assert site.upload(way, red(1.0)) == (400, {"errors": [explicit]})


@pytest.mark.parametrize("way", [*WAYS, "of_many"])
def test_others_are_served_while_a_picture_is_scored(hesitant, way):
    """Whoever asks in the meantime is answered: it is they who tell the detector to go on."""
    with ThreadPoolExecutor(1) as visitor:
        uploading = visitor.submit(hesitant.upload, way, picture(seed=sum(map(ord, way))))
        hesitant.until_it_waits()
        assert not uploading.done()
        hesitant.get("go_on")
        code, said = uploading.result()
    assert code == 200, said


def test_requests_are_scored_beside_each_other_as_many_as_may_be_in_flight(hesitant):
    with ThreadPoolExecutor(6) as visitors:
        uploading = [
            visitors.submit(hesitant.upload, "by_validator", picture(seed=20 + n)) for n in range(6)
        ]
        hesitant.until_it_waits(4)
        hesitant.get("go_on")
        assert [each.result()[0] for each in uploading] == [200] * 6


def test_pictures_of_one_request_are_scored_beside_each_other(hesitant):
    with ThreadPoolExecutor(1) as visitor:
        bodies = [picture(seed=40 + n) for n in range(6)]
        uploading = visitor.submit(hesitant.upload, "of_many", *bodies)
        hesitant.until_it_waits(4)
        hesitant.get("go_on")
        code, said = uploading.result()
    assert code == 200
    assert len(said["scores"]) == 6
    assert all(0 < score < 1 for score in said["scores"])


def test_in_the_event_loop_nothing_is_scored_and_it_is_said_what_to_do(site):
    before = len(public(site))
    code, said = site.upload("in_the_loop", picture(seed=60))
    assert code == 200
    assert said == dict.fromkeys(
        ["form", "validator", "field", "assess"],
        "A picture would be decoded and scored in the event loop, where everybody else waits for "
        "it. In a coroutine: await aassess(file), await NSFWValidator().acheck(file), await "
        "instance.asave() or await sync_to_async(form.is_valid)().",
    )
    assert len(public(site)) == before


@pytest.mark.parametrize("way", ["by_validator", "by_form", "by_saving"])
def test_a_visitor_who_goes_away_leaves_nothing_in_public(hesitant, way):
    body = red(0.8, side=50 + len(way))
    hesitant.leave(way, body)
    hesitant.get("go_on")
    hesitant.until_it_waits(0)
    assert hesitant.upload("in_a_thread", body)[1]["status"] == "held"
    hesitant.manage("nsfw_sweep", "--older-than", "0")
    assert body not in public(hesitant)
