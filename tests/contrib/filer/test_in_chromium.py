"""Files dropped on django-filer's listing in a real browser: what it says, and what it shows."""

import pytest
from django.urls import reverse
from filer.models import Folder, Image

from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from tests.chromium import chromium, keep
from tests.conftest import picture
from tests.folders import held, public

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(200, 150)
FILES = [
    {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": BODY},
    {"name": "cat.gif", "mimeType": "image/gif", "buffer": BODY},
    {"name": "paper.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"},
]


@pytest.fixture
def window(live_server, admin_client, settings, monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps a loop of its own
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1100, "height": 700})
        context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": admin_client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": live_server.url,
                }
            ]
        )
        yield context.new_page()
        context.close()


COLOUR = """async (image) => {
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
    let most = 0;
    for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue] = data.slice(at, at + 3);
        most = Math.max(most, Math.abs(red - green), Math.abs(green - blue));
    }
    return most;
}"""


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
