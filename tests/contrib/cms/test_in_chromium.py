"""A picture dropped on the form of a plugin in a real browser, and the page that then has it."""

from urllib.parse import urlencode

import pytest
from cms.toolbar.utils import get_object_edit_url
from django.urls import reverse
from filer.models import Image

from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from tests.chromium import keep, wait_until
from tests.conftest import picture
from tests.contrib.cms.doors import seen_by
from tests.contrib.cms.pictures.models import Picture
from tests.contrib.filer.doors import UNREADABLE
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(200, 150)


@pytest.fixture
def window(logged_in, admin_client):
    with logged_in(admin_client, width=1100, height=800) as window:
        yield window


@pytest.fixture
def form(window, page):
    """The form for a new picture, in the window that django CMS opens over the page."""
    placeholder = page.get_placeholders("en").get(slot="content")
    query = {"placeholder_id": placeholder.pk, "plugin_type": "PicturePlugin"}
    query |= {"plugin_language": "en", "plugin_position": 1, "cms_path": "/"}
    address = f"{reverse('admin:cms_placeholder_add_plugin')}?{urlencode(query)}"
    window.goto(get_object_edit_url(page.get_content_obj("en")))
    wait_until(window, "() => window.CMS && CMS.Modal && CMS.API && CMS.API.Messages")
    window.evaluate("(url) => new CMS.Modal().open({url, title: 'Picture'})", address)
    window.frame_locator(".cms-modal-frame iframe").locator(".filer-dropzone").wait_for()
    return window.frame_locator(".cms-modal-frame iframe")


def drop(window, form, path, body):
    """As from the file manager of the desktop, onto the widget."""
    path.write_bytes(body)
    box = form.locator(".filer-dropzone").bounding_box()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    devtools = window.context.new_cdp_session(window)
    for type in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": type, **at, "data": data})


def test_a_pdf_named_png_is_said_and_a_held_picture_is_a_placeholder(
    window, form, page, constant, tmp_path, client
):
    constant.answer = 0.7
    drop(window, form, tmp_path / "paper.png", b"%PDF-1.7 of nothing")
    window.locator(".cms-messages", has_text=UNREADABLE).wait_for()
    keep(window, "cms-form-refused")
    drop(window, form, tmp_path / "cat.jpg", BODY)
    form.locator(".description_text", has_text="cat.jpg").wait_for()
    keep(window, "cms-form-held")
    window.locator(".cms-modal-buttons .cms-btn-action").click()
    window.locator("figure img").first.wait_for()
    keep(window, "cms-page-held")
    assert Picture.objects.get().picture == Image.objects.get()
    assert held() == [BODY]
    client.logout()
    assert BODY not in seen_by(client, page)
    approve(Scan.objects.get(), moderator=None)
    assert seen_by(client, page)[0] == BODY
