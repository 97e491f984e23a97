"""The example with editors: the real detector, and a text in whose place moderators decide."""

import json

import pytest

from tests.chromium import chromium, keep
from tests.conftest import encode, mistaken, picture
from tests.example.conftest import hosting, serving

WRITE = """
import json, re
from pathlib import Path
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.decisions import approve
from django_nsfw.models import Scan

def send(editor, parameter, name):
    file = SimpleUploadedFile(name, (Path(FOLDER) / name).read_bytes())
    answer = client.post(f"/texts/upload/{editor}/", {parameter: file})
    return answer.status_code, answer.json()

def shown():
    address = re.search('src="(/files/texts/[^"]+)"', client.get(page).content.decode())[1]
    return client.get(address)["Location"]

client = Client(SERVER_NAME="localhost")
mo = get_user_model().objects.create_superuser("mo")
client.force_login(mo)
said = {
    "plain": send("ckeditor", "upload", "plain.jpg"),
    "mistaken": send("tinymce", "file", "mistaken.png"),
    "wrong": send("ckeditor", "upload", "wrong.gif"),
}
html = '<p><img src="%s"></p>' % said["mistaken"][1]["location"]
form = client.get("/admin/texts/text/add/").content.decode()
said["upload addresses"] = [
    address in form for address in ("/texts/upload/ckeditor/", "/texts/upload/tinymce/")
]
client.post("/admin/texts/text/add/", {"title": "Sand", "aside": html})
page = "/texts/1/"
held = shown()
approve(Scan.objects.get(status="held"), moderator=mo)
said["moved"] = [held.rpartition("_")[0] == shown().rpartition("_")[0], held != shown()]
said["uploaders"] = list(StoredFile.objects.values_list("uploader__username", flat=True))
print(json.dumps(said))
"""

WRITTEN = """
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from texts.models import Text
with open(FILE, "rb") as file:
    name = storages["texts"].save("wide.png", ContentFile(file.read()))
html = f'<p><img src="{storages["texts"].url(name)}" width="960" height="480"></p>'
text = Text.objects.create(title="Wide", body=html, aside=html)
mo = get_user_model().objects.create_superuser("mo2", password="mo2")
print(text.get_absolute_url())
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return hosting("editors", tmp_path_factory.mktemp("example"))


def test_nothing_is_wrong_with_its_settings_and_its_migrations(example):
    for command in (["check"], ["makemigrations", "--check", "--dry-run"]):
        done = example.manage(*command)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_text_shows_its_picture_once_it_is_approved(example, tmp_path):
    (tmp_path / "plain.jpg").write_bytes(picture())
    (tmp_path / "mistaken.png").write_bytes(encode(mistaken(seed=18), "PNG"))
    (tmp_path / "wrong.gif").write_bytes(picture())
    code = WRITE.replace("FOLDER", repr(str(tmp_path)))
    done = example.manage("shell", "--verbosity", "0", "--command", code)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    status, plain = said.pop("plain")
    assert (status, plain["notice"], plain["url"].startswith("/files/texts/2")) == (200, "", True)
    status, held = said.pop("mistaken")
    assert (status, held["notice"][:28]) == (200, "This picture awaits review. ")
    status, refused = said.pop("wrong")
    assert (status, refused["error"]["message"][:29]) == (400, "The file name ends in “.gif”,")
    assert said == {
        "upload addresses": [True, True],
        "moved": [True, True],
        "uploaders": ["mo", "mo"],
    }
    assert example.held() == set()
    assert len(example.stored()) == 2


SHAPES = (
    "images => images.map(image => [image.clientWidth, image.clientWidth / image.clientHeight])"
)


def test_its_pages_in_a_browser(example, tmp_path):
    """A wide picture fits a telephone, and the editors find all that they ask for."""
    (tmp_path / "wide.png").write_bytes(picture(960, 480, format="PNG"))
    code = WRITTEN.replace("FILE", repr(str(tmp_path / "wide.png")))
    done = example.manage("shell", "--verbosity", "0", "--command", code)
    assert done.returncode == 0, done.stderr
    with serving(example) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(address + done.stdout.splitlines()[-1].lstrip("/"))
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        shapes = page.locator("main img").evaluate_all(SHAPES)
        assert [(width > 300, round(ratio, 1)) for width, ratio in shapes] == [(True, 2.0)] * 2
        keep(page)

        said = []
        page.goto(f"{address}admin/login/?next=/admin/texts/text/add/")
        page.on(
            "console", lambda message: said.append(f"{message.type}: {message.location['url']}")
        )
        page.fill("[name=username]", "mo2")
        page.fill("[name=password]", "mo2")
        page.click("[type=submit]")
        page.locator(".ck-editor__editable").wait_for()
        page.frame_locator(".tox-edit-area iframe").locator("body").wait_for()
        assert [line for line in said if "/static/" in line] == []
