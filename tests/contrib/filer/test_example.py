"""The example with django-filer: the real detector, and the uploader of its admin."""

import json

import pytest

from tests.conftest import encode, mistaken, picture
from tests.example.conftest import hosting

UPLOADS = """
import json
from pathlib import Path
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_nsfw.models import Scan

def send(name):
    file = SimpleUploadedFile(name, (Path(FOLDER) / name).read_bytes())
    answer = client.post(reverse("admin:filer-ajax_upload"), {"file": file})
    return answer.status_code, answer.json().get("error")

client = Client(SERVER_NAME="localhost")
client.force_login(get_user_model().objects.create_superuser("mo"))
said = {name: send(name) for name in ("plain.jpg", "mistaken.png", "wrong.gif", "paper.pdf")}
scans = Scan.objects.order_by("pk")
said["scans"] = [(Path(scan.original_name).name, scan.status) for scan in scans]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return hosting("filer", tmp_path_factory.mktemp("example"))


def test_files_come_in_as_the_page_says(example, tmp_path):
    (tmp_path / "plain.jpg").write_bytes(picture())
    (tmp_path / "mistaken.png").write_bytes(encode(mistaken(seed=18), "PNG"))
    (tmp_path / "wrong.gif").write_bytes(picture())
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7")
    code = UPLOADS.replace("FOLDER", repr(str(tmp_path)))
    done = example.manage("shell", "--verbosity", "0", "--command", code)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said.pop("wrong.gif") == [
        400,
        "File “wrong.gif”: The file name ends in “.gif”, but the content is JPEG. Please rename "
        "the file or save it again.",
    ]
    assert said == {
        "plain.jpg": [200, None],
        "mistaken.png": [200, None],
        "paper.pdf": [200, None],
        "scans": [["plain.jpg", "clear"], ["mistaken.png", "held"], ["paper.pdf", "clear"]],
    }
    assert len(example.held()) == 1
