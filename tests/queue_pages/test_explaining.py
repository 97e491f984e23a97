"""What drove the score of an item: who may ask, what they are told, and what if nobody can say."""

import re

import pytest
from django.test import Client
from django.utils import timezone, translation

from django_nsfw.flights import in_flight
from django_nsfw.models import Claim, Reveal, Scan
from tests.conftest import upload
from tests.explaining.spots import RED, with_spot
from tests.host.models import Asset, Photo
from tests.images.drawing import encode
from tests.queue_pages.conftest import DECIDES, address, now, part

pytestmark = pytest.mark.django_db

PHOTOS, ASSETS = "host.Photo.image", "host.Asset.file"
JSON = {"Accept": "application/json"}
ROOM = "tests.detectors_for_tests"


@pytest.fixture(autouse=True)
def reddest(constant, settings):
    """Scores are those of the reddest spot."""
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{ROOM}.ReddestDetector"}}


def scan_of(body, name="a.png") -> Scan:
    made = Photo.objects.create(image=upload(name, body))
    return Scan.objects.get(field=PHOTOS, object_pk=str(made.pk))


@pytest.fixture
def spotted():
    """The scan of a picture with its spot in the lower left."""
    return scan_of(encode(with_spot((0.3, 0.7), side=24), "PNG"))


def explain(client, scan, status=200):
    response = client.post(address("queue_explain", scan.pk), headers=JSON)
    assert response.status_code == status
    return response.json()


def rects(svg: str) -> list[dict[str, str]]:
    return [
        dict(re.findall(r'([\w-]+)="([^"]*)"', rect)) for rect in re.findall("<rect[^>]*>", svg)
    ]


def outlined(svg: str) -> tuple[float, float, float, float]:
    """Left, upper, right and lower edge of what is outlined, in shares of the drawing."""
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    most = next(rect for rect in rects(svg) if rect["class"] == "nsfw-most")
    x, y, w, h = (int(most[name]) for name in ("x", "y", "width", "height"))
    return x / width, y / height, (x + w) / width, (y + h) / height


def test_what_drove_the_score_is_drawn_and_said(client, mo, spotted):
    told = explain(client, spotted)
    said = "Most: lower left (outlined). Without it the score is 0.05, with it 0.95."
    assert (list(told), told["said"]) == (["said", "heat", "where"], said)
    left, upper, right, lower = outlined(told["heat"])
    assert left < 0.3 < right and upper < 0.7 < lower
    assert f'role="img" aria-label="{said}"' in told["heat"]
    warm = [rect for rect in rects(told["heat"]) if rect["class"] == "nsfw-lower"]
    assert {rect["fill-opacity"] for rect in warm} >= {"1.00"}
    assert "nsfw-higher" not in told["heat"] + told["where"]
    assert " ".join(re.sub("<[^>]+>", " ", told["where"]).split()) == (
        f"{said} without it the score is lower"
    )


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((0.1, 0.1), "upper left"), ((0.5, 0.1), "top"), ((0.9, 0.1), "upper right"),
        ((0.1, 0.5), "left"), ((0.5, 0.5), "middle"), ((0.9, 0.5), "right"),
        ((0.1, 0.9), "lower left"), ((0.5, 0.9), "bottom"), ((0.9, 0.9), "lower right"),
    ],
    ids=str,
)  # fmt: skip
def test_the_place_in_words(client, mo, at, words):
    scan = scan_of(encode(with_spot(at, (240, 200)), "PNG"))
    assert explain(client, scan)["said"].startswith(f"Most: {words} (outlined).")


def test_in_the_language_of_the_reader_and_the_drawing_in_none(client, mo, spotted, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    with translation.override("de"):
        told = explain(client, spotted)
    assert "0,05" in told["said"] and "0,95" in told["said"]
    numbers = [rect[name] for rect in rects(told["heat"]) for name in rect if name != "class"]
    assert all(re.fullmatch(r"\d+(\.\d\d)?", number) for number in numbers)
    assert 'viewBox="0 0 1000 1000"' in told["heat"]


def test_of_a_long_picture_the_tile_that_was_looked_at_is_marked(client, mo):
    scan = scan_of(encode(with_spot((0.5, 0.9), (100, 500), side=25), "PNG"))
    told = explain(client, scan)
    [crop] = [rect for rect in rects(told["heat"]) if rect["class"] == "nsfw-crop"]
    assert crop == {"class": "nsfw-crop", "x": "0", "y": "800", "width": "200", "height": "200"}
    assert outlined(told["heat"])[1] >= 0.8
    assert told["said"].startswith("Most: bottom (outlined).")
    assert told["said"].endswith(" Only what is within the dashes was looked at: it scored worst.")


def test_of_an_animation_it_is_said_which_frame(client, mo):
    frames = [with_spot((0.2, 0.2), spot=(90 + at, 30, 90)) for at in range(4)]
    frames[2] = with_spot((0.8, 0.8))
    body = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    told = explain(client, scan_of(body, "a.gif"))
    assert told["said"].startswith("Most: lower right (outlined).")
    assert told["said"].endswith(" Of frame 3 alone: not shown while it moves.")


def test_where_no_part_stands_out_nothing_is_outlined(client, mo, constant, settings):
    constant.answer = 0.8
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{ROOM}.ConstantDetector"}}
    told = explain(client, scan_of(encode(with_spot((0.5, 0.5)), "PNG")))
    assert told["said"] == "No part alone: whatever is covered, the score stays at 0.80 or more."
    assert rects(told["heat"]) == []
    assert "nsfw-legend" not in told["where"]


def test_what_another_detector_scored_is_said_to_be_so(client, mo, spotted):
    Scan.objects.update(detector="an earlier one", nsfw=0.61)
    assert explain(client, spotted)["said"] == (
        "Most: lower left (outlined). Without it the score is 0.05, with it 0.95. So says the "
        "detector that is configured now; the score on record, 0.61, is that of another one."
    )


def test_close_to_one_there_are_as_many_digits_as_it_takes(client, mo, settings):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{ROOM}.SaturatedDetector"}}
    said = explain(client, scan_of(encode(with_spot((0.3, 0.7), side=24), "PNG")))["said"]
    assert said.endswith("Without it the score is 0.98, with it 1.00.")
    body = encode(with_spot((0.3, 0.7), side=24, ground=(200, 30, 90)), "PNG")
    assert explain(client, scan_of(body))["said"].endswith(
        "Without it the score is 0.9998, with it 1.0000."
    )


def test_the_detector_of_the_field_is_asked(client, mo, settings, constant):
    constant.answer = 0.9
    settings.NSFW_DETECTORS |= {"constant": {"BACKEND": f"{ROOM}.ConstantDetector"}}
    settings.NSFW_FIELDS = {ASSETS: {"detector": "constant"}}
    body = encode(with_spot((0.3, 0.7)), "PNG")
    asset = Asset.objects.create(file=upload("a.png", body))
    scan = Scan.objects.get(field=ASSETS, object_pk=str(asset.pk))
    assert explain(client, scan)["said"].startswith("No part alone: ")


def test_nothing_of_the_picture_is_in_the_drawing(client, mo):
    """But where it comes from: what a detector does not care for makes no difference."""
    other = with_spot((0.3, 0.7), spot=(0, 0, 255), ground=(0, 90, 200))
    other.paste((10, 200, 255), (90, 10, 150, 60))
    other.paste(RED, (38, 102, 58, 122))
    drawings = [
        explain(client, scan_of(encode(image, "PNG")))["heat"]
        for image in (with_spot((0.3, 0.7)), other)
    ]
    assert drawings[0] == drawings[1]
    assert set(re.findall(r"<(\w+)", drawings[0])) == {"svg", "rect"}


def test_asking_claims_and_records_nothing(client, mo, spotted, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):  # all but one ask who it is and what they may
        explain(client, spotted)
    assert not Reveal.objects.exists()
    assert not Claim.objects.exists()
    assert Scan.objects.values().get(pk=spotted.pk) == {**vars_of(spotted)}


def vars_of(scan) -> dict:
    return {field.attname: getattr(scan, field.attname) for field in Scan._meta.concrete_fields}


ROLES = {
    "nobody": (None, (), 302),
    "staff": ((), (), 403),
    "who may reveal alone": (("reveal_scan",), (), 403),
    "who may decide alone": (("approve_scan", "reject_scan"), (), 403),
    "who may see": (("view_scan",), (), 200),
    "a moderator of this field": (DECIDES, (PHOTOS,), 200),
    "a moderator of another field": (DECIDES, (ASSETS,), 404),
}


@pytest.mark.parametrize(("may", "fields", "status"), ROLES.values(), ids=ROLES)
def test_who_may_ask(client, person, spotted, may, fields, status):
    if may is not None:
        client.force_login(person(*may, fields=fields))
    url = address("queue_explain", spotted.pk)
    assert client.post(url, headers=JSON).status_code == status
    assert client.post(url).status_code == status


def test_only_a_post_with_the_token_of_the_form_asks(client, mo, spotted):
    url = address("queue_explain", spotted.pk)
    for call in (client.get, client.head, client.put):
        assert call(url).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(mo)
    assert strict.post(url, headers=JSON).status_code == 403
    html = client.get(address("queue_item", spotted.pk)).content.decode()
    assert f'action="{url}" method="post" data-nsfw-explain' in html


def missing(scan, storages, settings):
    (storages / "quarantine" / scan.quarantine_name).unlink()


def changed(scan, storages, settings):
    (storages / "quarantine" / scan.quarantine_name).write_bytes(b"other bytes")


def pruned(scan, storages, settings):
    Scan.objects.update(pruned_at=timezone.now())


def gone(scan, storages, settings):
    Scan.objects.update(field="gone.Photo.image", status="clear", quarantine_name="")


def storage(scan, storages, settings):
    missing(scan, storages, settings)
    (storages / "quarantine" / scan.quarantine_name).mkdir()


def unscored(scan, storages, settings):
    Scan.objects.update(crops=[], nsfw=None)


def undecodable(scan, storages, settings):
    Scan.objects.update(crops=[{**scan.crops[0], "frame": 7}])


def too_large(scan, storages, settings):
    settings.NSFW_LIMITS = {"max_pixels": 1000}


def too_long(scan, storages, settings):
    settings.NSFW_LIMITS = {"max_bytes": 100}


def no_detector(scan, storages, settings):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{ROOM}.BrokenDetector"}}


def no_alias(scan, storages, settings):
    settings.NSFW_DETECTORS = {"another": {"BACKEND": f"{ROOM}.ConstantDetector"}}


def no_policy(scan, storages, settings):
    settings.NSFW_POLICY = {"reviews": 1}


def failing(scan, storages, settings):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{ROOM}.ConstantDetector"}}


def no_time(scan, storages, settings):
    settings.NSFW_LIMITS = {"timeout": 1e-6}


NO_DETECTOR = (
    "The web server cannot ask the detector: whoever runs the site finds the reason in its log. "
    "Deciding works without it."
)
CANNOT_DECODE = (
    "The part that scored worst cannot be decoded any more. To be explained, it must be scored "
    "again."
)
TROUBLES = {
    missing: (
        404,
        "The file is not in its storage: have it restored from a backup. Without it nothing can be "
        "approved; what is held can be rejected.",
    ),
    changed: (409, "The file is not the one that was scanned."),
    pruned: (410, "What was held was deleted."),
    gone: (410, "The field of this file left the project."),
    storage: (503, "The storage does not give the file; the log has more."),
    unscored: (409, "It has no score, so there is nothing to explain."),
    undecodable: (409, CANNOT_DECODE),
    too_large: (409, CANNOT_DECODE),
    too_long: (409, CANNOT_DECODE),
    no_detector: (503, NO_DETECTOR),
    no_alias: (503, NO_DETECTOR),
    no_policy: (503, NO_DETECTOR),
    failing: (503, NO_DETECTOR),
    no_time: (
        503,
        "The detector took too long. Try again when the site has less to do, or decide without it.",
    ),
}


@pytest.mark.parametrize(
    ("trouble", "answer"), TROUBLES.items(), ids=lambda v: getattr(v, "__name__", "")
)
def test_what_cannot_be_explained_is_a_sentence(
    client, mo, spotted, storages, settings, constant, caplog, trouble, answer
):
    constant.answer = RuntimeError("out of memory at 0x7f00")
    trouble(spotted, storages, settings)
    status, said = answer
    assert explain(client, spotted, status) == {"said": said}
    assert ("is not explained: " in caplog.text) == (said == NO_DETECTOR)
    page = client.post(address("queue_explain", spotted.pk))
    assert (page.status_code, part(page.content.decode(), "where")) == (status, said)


def test_too_many_at_once_is_a_sentence(client, mo, spotted, settings):
    settings.NSFW_LIMITS = {"max_in_flight": 1, "timeout": 0.05}
    with in_flight(1, 1):
        told = explain(client, spotted, 503)
    assert told == {"said": "Too many pictures are being decoded: try again in a moment."}


def button(html) -> str:
    return re.search(r"<form[^>]*data-nsfw-explain.*?</form>", html, re.DOTALL)[0]


@pytest.mark.parametrize("nothing", [unscored, pruned], ids=["no score", "no bytes"])
def test_where_nothing_can_be_explained_the_button_keeps_its_place(
    client, mo, spotted, storages, settings, nothing
):
    shown = lambda: button(client.get(address("queue_item", spotted.pk)).content.decode())  # noqa: E731
    assert not re.search(r"\sdisabled>", shown())
    nothing(spotted, storages, settings)
    assert re.search(r"\sdisabled>", shown())


def test_without_the_script_the_page_comes_with_the_drawing(client, mo, spotted):
    url = address("queue_explain", spotted.pk, sort="score")
    html = client.post(url).content.decode()
    assert part(html, "where").startswith("Most: lower left (outlined).")
    assert html.count("<svg viewBox") == 1
    assert 'aria-pressed="true"' in button(html)
    assert f'href="{address("queue_item", spotted.pk, sort="score")}"' not in button(html)
    assert 'data-version="held.0"' in html and "sort=score" in html
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert now(spotted).status == "held"


def test_a_site_can_do_without(client, mo, spotted, settings):
    settings.NSFW_REVIEW = {"explain": False}
    html = client.get(address("queue_item", spotted.pk)).content.decode()
    assert "data-nsfw-explain" not in html
    assert client.post(address("queue_explain", spotted.pk), headers=JSON).status_code == 404


def test_nothing_is_asked_before_somebody_asks(client, mo, spotted, settings):
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{ROOM}.BrokenDetector"}}
    html = client.get(address("queue_item", spotted.pk)).content.decode()
    assert "data-nsfw-heat></div>" in html
    assert part(html, "where") == ""
