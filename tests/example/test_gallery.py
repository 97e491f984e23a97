"""The running gallery, seen by a visitor and by a moderator over HTTP."""

import hashlib
import io
import re

import pytest
from PIL import Image

from tests.conftest import encode, mistaken, photograph, picture
from tests.example.test_demo import MISTAKEN, PUBLISHED, REFUSED


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_published_pictures_are_shown(visitor):
    cards = visitor.get("/").cards
    assert {title: cards[title]["notice"] for title in PUBLISHED} == dict.fromkeys(PUBLISHED, "")
    assert visitor.get(cards["Chelsea"]["picture"]).body == photograph("chelsea.png")


@pytest.mark.parametrize("title", MISTAKEN)
def test_a_held_picture_is_a_placeholder_that_says_so(visitor, title):
    card = visitor.get("/").cards[title]
    assert card["notice"] == "Awaiting review"
    shown = visitor.get(card["picture"])
    assert (shown.status, shown.type) == (200, "image/png")
    with Image.open(io.BytesIO(shown.body)) as placeholder:
        assert placeholder.size == (480, 480)
        assert len(placeholder.convert("RGB").getcolors()) == 2
    page = visitor.get(card["link"]).text
    assert "A moderator looks at this picture before others can see it." in page


@pytest.mark.parametrize("title", REFUSED)
def test_a_refused_picture_is_nowhere(visitor, title):
    assert title not in visitor.get("/").text


def test_no_address_of_the_site_leads_to_held_bytes(visitor, example):
    """Everything that the site prints is fetched, and what one could guess from it."""
    held = {sha256(path.read_bytes()): path for path in example.held()}
    assert held
    seen: dict[str, str] = {}
    ahead = {visitor.get("/").url}
    while ahead:
        page = visitor.get(ahead.pop())
        seen[page.url] = sha256(page.body)
        if page.type == "text/html":
            ahead |= {a for a in page.addresses if "/admin/" not in a} - seen.keys()
    assert len([url for url in seen if "/media/" in url]) >= len(PUBLISHED + MISTAKEN)
    for path in held.values():
        inside = path.relative_to(example.data).as_posix()
        for guess in (f"/media/{inside}", f"/media/../{inside}", f"/media/%2e%2e/{inside}"):
            seen[guess] = sha256(visitor.get(guess).body)
    assert not held.keys() & set(seen.values())


def test_the_upload_page_works_without_scripts(visitor):
    html = visitor.get("/upload/").html
    assert 'enctype="multipart/form-data"' in html
    for name in ("title", "image"):
        assert f'<label for="id_{name}">' in html
    assert not re.search(r"<script|<style| style=| on\w+=", html)


def test_an_upload_is_published(visitor):
    body = picture(320, 240, seed=11)
    page = visitor.upload("Clouds", "clouds.jpg", body)
    assert "Thank you. “Clouds” is published." in page.text
    assert visitor.get(page.cards["Clouds"]["picture"]).body == body


def test_a_wrong_file_is_refused_beside_its_field(visitor):
    page = visitor.upload("Notes", "notes.jpg", photograph("chelsea.png"))
    assert "The picture was not uploaded." in page.text
    assert "The file name ends in “.jpg”, but the content is PNG." in page.text
    assert re.search(r'<input type="file"[^>]*aria-invalid="true"', page.html)
    assert "Notes" not in visitor.get("/").cards


def test_an_approved_picture_is_shown(visitor, moderator):
    body = encode(mistaken(seed=18), "PNG")
    page = visitor.upload("Pastel circles", "circles.png", body)
    assert "“Pastel circles” awaits review" in page.text
    card = page.cards["Pastel circles"]
    assert card["notice"] == "Awaiting review"

    done = settle(moderator, card, "approve")

    assert "1 file was approved." in done.text
    card = visitor.get("/").cards["Pastel circles"]
    assert card["notice"] == ""
    assert visitor.get(card["picture"]).body == body


def test_a_rejected_picture_is_left_out(visitor, moderator):
    card = visitor.upload("More circles", "more.png", encode(mistaken(seed=21), "PNG")).cards[
        "More circles"
    ]
    assert "1 file was rejected." in settle(moderator, card, "reject").text
    assert "More circles" not in visitor.get("/").cards
    assert visitor.get(card["link"]).status == 404


def test_the_moderator_sees_the_queue_and_no_more(moderator):
    queue = moderator.get("/admin/django_nsfw/scan/").text
    assert "gallery.Photo.image" in queue
    assert "robin" in queue
    assert moderator.get("/admin/gallery/photo/").status == 200
    assert moderator.get("/admin/gallery/photo/add/").status == 403
    assert moderator.get("/admin/auth/user/").status == 403


def settle(moderator, card, action):
    """Choose the scan of a card's photo in the queue, and an action for it."""
    pk = card["link"].strip("/").rpartition("/")[2]
    queue = "/admin/django_nsfw/scan/"
    rows = re.findall(r"<tr>.*?</tr>", moderator.get(queue).html, re.DOTALL)
    [row] = [row for row in rows if f"/admin/gallery/photo/{pk}/change/" in row]
    [scan] = re.findall(r'name="_selected_action" value="(\d+)"', row)
    return moderator.submit(queue, action=action, _selected_action=scan, index="0")
