"""Pictures chosen and pasted in both editors, in a real browser: what the writer sees and reads,
and what a reader of the text sees before and after a moderator has decided."""

import base64

import pytest
from django.urls import reverse

from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from tests.chromium import COLOUR, keep
from tests.conftest import picture
from tests.contrib.editors.texts.models import Text
from tests.contrib.stored_files.conftest import lying
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)

BODY = picture(240, 160, seed=3)
HELD = (
    "This picture awaits review. Until somebody has approved it, a placeholder stands in its place."
)
REFUSED = "This picture looks explicit and cannot be accepted. Please choose another one."


@pytest.fixture
def window(logged_in, admin_client):
    with logged_in(admin_client, width=900, height=900) as window:
        yield window


class CKEditor:
    column = "body"

    def __init__(self, page):
        self.page = page
        self.said = []
        page.on("dialog", self._read)
        self.text = page.locator(".ck-editor__editable")
        self.text.wait_for()

    def _read(self, dialog):
        self.said.append(dialog.message)
        dialog.accept()

    def choose(self, file):
        self.page.set_input_files(".ck-file-dialog-button input", file)

    def paste(self, file):
        self.text.click()
        self.text.evaluate(PASTE, file["buffer64"])

    def reads(self, message):
        for _ in range(200):
            if self.said:
                break
            self.page.wait_for_timeout(50)
        assert self.said == [message]


class TinyMCE:
    column = "aside"

    def __init__(self, page):
        self.page = page
        self.text = page.frame_locator(".tox-edit-area iframe").locator("body")
        self.text.wait_for()

    def choose(self, file):
        self.page.get_by_role("button", name="Insert/edit image").click()
        self.page.get_by_role("tab", name="Upload").click()
        self.page.set_input_files(".tox-dialog input[type=file]", file)

    def confirm(self):
        self.page.locator(".tox-dialog").get_by_role("button", name="Save").click()

    def paste(self, file):
        self.text.click()
        self.text.evaluate(PASTE, file["buffer64"])

    def reads(self, message):
        self.page.get_by_text(message).wait_for()


PASTE = """(body, encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], "image.jpg", {type: "image/jpeg"}));
    const at = {bubbles: true, cancelable: true, clipboardData: data};
    body.dispatchEvent(new ClipboardEvent("paste", at));
}"""


def file(body=BODY, name="cat.jpg"):
    encoded = base64.b64encode(body).decode()
    return {"name": name, "mimeType": "image/jpeg", "buffer": body, "buffer64": encoded}


def of_playwright(file):
    return {key: file[key] for key in ("name", "mimeType", "buffer")}


EDITORS = pytest.mark.parametrize("editor", [CKEditor, TinyMCE])


@pytest.fixture
def opened(window, live_server):
    def opened(editor):
        window.goto(live_server.url + reverse("write"))
        return editor(window)

    return opened


def put(editor, way, wanted):
    if way == "pasted":
        editor.paste(wanted)
    else:
        editor.choose(of_playwright(wanted))


@EDITORS
@pytest.mark.parametrize("way", ["chosen", "pasted"])
def test_a_picture_that_passes_is_in_the_text(way, editor, opened, window, live_server, constant):
    editor = opened(editor)
    put(editor, way, file())
    if way == "chosen" and isinstance(editor, TinyMCE):
        editor.confirm()
    shown = editor.text.locator("img[src^='/files/editors/texts/']")
    shown.wait_for()
    assert shown.evaluate(COLOUR) > 50
    keep(window)
    window.click("#save")
    window.wait_for_url("**/texts/*/")
    assert window.locator("img").evaluate(COLOUR) > 50
    address = f"/files/editors/{StoredFile.objects.get().name}"
    assert f'src="{address}"' in getattr(Text.objects.get(), editor.column)
    assert list(lying().values()) == [BODY]


@EDITORS
@pytest.mark.parametrize("way", ["chosen", "pasted"])
def test_one_that_is_refused_is_said_and_leaves_the_text(way, editor, opened, window, constant):
    constant.answer = 0.97
    editor = opened(editor)
    put(editor, way, file())
    editor.reads(REFUSED)
    keep(window)
    if way == "chosen" and isinstance(editor, TinyMCE):
        window.get_by_role("button", name="OK").click()
        window.locator(".tox-dialog").get_by_role("button", name="Cancel").click()
    assert editor.text.locator("img").count() == 0
    assert (StoredFile.objects.count(), lying(), held()) == (0, {}, [])


NO_PICTURE = (
    "This file is not a picture of a supported format. Please send one of: JPEG, PNG, GIF, WEBP, "
    "AVIF, BMP, TIFF, HEIF."
)


@EDITORS
def test_a_pdf_named_png_is_said_and_the_pictures_before_it_stay(editor, opened, window, constant):
    """An SVG is not even sent: neither editor takes it for a picture."""
    editor = opened(editor)
    editor.paste(file())
    editor.text.locator("img[src^='/files/editors/texts/']").wait_for()
    window.keyboard.press("ArrowRight")
    editor.choose({"name": "paper.png", "mimeType": "image/png", "buffer": b"%PDF-1.7"})
    editor.reads(NO_PICTURE)
    keep(window)
    assert editor.text.locator("img").count() == 1
    assert list(lying().values()) == [BODY]


def test_of_several_at_once_the_bad_one_is_said_and_the_others_stay(opened, window, constant):
    editor = opened(CKEditor)
    bad = {"name": "paper.png", "mimeType": "image/png", "buffer": b"%PDF-1.7"}
    good = [of_playwright(file(picture(60, 40, seed=at), f"{at}.jpg")) for at in (1, 2, 3)]
    editor.choose([good[0], bad, *good[1:]])
    editor.reads(NO_PICTURE)
    shown = editor.text.locator("img[src^='/files/editors/texts/']")
    shown.nth(2).wait_for()
    keep(window)
    assert editor.text.locator("img").count() == shown.count() == 3
    assert sorted(lying().values()) == sorted(each["buffer"] for each in good)


@EDITORS
@pytest.mark.parametrize("way", ["chosen", "pasted"])
def test_a_held_one_is_a_placeholder_until_it_is_approved(
    way, editor, opened, window, live_server, constant
):
    constant.answer = 0.7
    editor = opened(editor)
    put(editor, way, file())
    if way == "chosen" and isinstance(editor, TinyMCE):
        editor.confirm()
    shown = editor.text.locator("img[src^='/files/editors/texts/']")
    shown.wait_for()
    if isinstance(editor, TinyMCE):
        editor.reads(HELD)
    keep(window)
    window.click("#save")
    window.wait_for_url("**/texts/*/")
    address = window.url
    assert window.locator("img").evaluate(COLOUR) < 10
    assert (held(), BODY in lying().values()) == ([BODY], False)
    scan = Scan.objects.get()
    approve(scan, moderator=None)
    fresh(window, address)
    assert window.locator("img").evaluate(COLOUR) > 50
    scan.refresh_from_db()
    reject(scan, moderator=None)
    fresh(window, address)
    assert window.locator("img").evaluate(COLOUR) < 10


def fresh(window, address):
    """As a visitor would who comes later: this one remembers for half a minute where it was led."""
    window.context.new_cdp_session(window).send("Network.clearBrowserCache")
    window.goto(address)
