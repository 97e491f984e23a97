"""The example with editors: the real detector, and a text in whose place moderators decide."""

import json

import pytest

from tests.conftest import encode, mistaken, picture
from tests.example.conftest import Example

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


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    example = Example(tmp_path_factory.mktemp("example"))
    example.environment["NSFW_HOSTS"] = "editors"
    example.migrate()
    return example


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
