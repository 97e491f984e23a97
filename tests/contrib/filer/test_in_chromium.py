"""Files dropped on django-filer's listing in a real browser: what it says, and what it shows."""

import pytest
from django.urls import reverse
from filer.models import Folder, Image

from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from tests.chromium import COLOUR, keep
from tests.conftest import picture
from tests.contrib.filer.doors import UNREADABLE
from tests.folders import held, public

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(200, 150)
FILES = [
    {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": BODY},
    {"name": "cat.gif", "mimeType": "image/gif", "buffer": BODY},
    {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"},
]


@pytest.fixture
def window(logged_in, admin_client):
    with logged_in(admin_client, width=1100, height=700) as window:
        yield window


def test_each_file_is_told_apart_and_a_held_one_is_grey(window, live_server, constant):
    constant.answer = 0.7
    folder = Folder.objects.create(name="cats")
    window.goto(live_server.url + reverse("admin:filer-directory_listing", args=[folder.pk]))
    window.set_input_files("input.dz-hidden-input >> nth=0", FILES)
    window.get_by_text("File “cat.gif”: The file name ends in “.gif”").wait_for()
    for name in ("cat.jpg", "paper.pdf"):
        window.get_by_role("link", name=name).first.wait_for()
    assert window.get_by_role("link", name="cat.gif").count() == 0
    cat = Image.objects.get()
    icon = f"img[src*='icon/{cat.pk}/'], img[src*='/cat_']"
    assert window.locator(icon).first.evaluate(COLOUR) < 10
    keep(window)
    assert held() == [BODY]
    assert BODY not in public().values()
    approve(Scan.objects.get(object_pk=str(cat.pk)), moderator=None)
    window.reload()
    assert window.locator(icon).first.evaluate(COLOUR) > 50


def drop(window, path):
    """As from the file manager of the desktop, onto the middle of the page."""
    devtools = window.context.new_cdp_session(window)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for type in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": type, "x": 550, "y": 400, "data": data})


def test_of_a_folder_that_is_dropped_the_good_files_stay(window, live_server, constant, tmp_path):
    """Its page has room for one message at a time, and shows more with the next page."""
    (tmp_path / "cats" / "more").mkdir(parents=True)
    good = {f"{at}.jpg": picture(48, 32, seed=at) for at in range(12)}
    for at, (name, body) in enumerate(good.items()):
        (tmp_path / "cats" / ("more" if at % 2 else "") / name).write_bytes(body)
    bad = {"a.gif": BODY, "b.jpg": BODY[:-400], "c.png": b"%PDF-1.7 of nothing"}
    for name, body in bad.items():
        (tmp_path / "cats" / "more" / name).write_bytes(body)
    folder = Folder.objects.create(name="here")
    address = live_server.url + reverse("admin:filer-directory_listing", args=[folder.pk])
    window.goto(address)
    answers = []
    window.on("response", lambda answer: "/upload/" in answer.url and answers.append(answer))
    drop(window, tmp_path / "cats")
    window.locator(".js-filer-error").wait_for()
    while len(answers) < 15:
        window.wait_for_timeout(50)
    keep(window)
    refused = [answer.json()["error"] for answer in answers if answer.status == 400]
    assert sorted(said.partition(". ")[0] for said in refused) == [
        "File “a.gif”: The file name ends in “.gif”, but the content is JPEG",
        "File “b.jpg”: This picture cannot be read",
        UNREADABLE.partition(". ")[0],
    ]
    window.goto(address)
    for name in good:
        window.get_by_role("link", name=name, exact=True).first.wait_for()
    assert window.locator(".messagelist .error").first.inner_text() in refused
    assert set(folder.files.values_list("original_filename", flat=True)) == set(good)
    assert sorted(body for body in public().values() if body in good.values()) == sorted(
        good.values()
    )
