"""The example with Wagtail: the real detector, and the uploaders of its admin."""

import json

import pytest

from tests.conftest import encode, mistaken, picture
from tests.example.conftest import Example

UPLOADS = """
import json
from pathlib import Path
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_nsfw.models import Scan

def send(kind, name):
    file = SimpleUploadedFile(name, (Path(FOLDER) / name).read_bytes())
    data = {"title": name, "files[]": file}
    answer = client.post(f"/cms/{kind}/multiple/add/", data).json()
    return answer.get("error_message")

client = Client(SERVER_NAME="localhost")
client.force_login(get_user_model().objects.create_superuser("mo"))
said = {
    f"{kind} {name}": send(kind, name)
    for kind, names in (
        ("images", ("plain.jpg", "mistaken.png", "half.jpg")),
        ("documents", ("paper.pdf", "paper.png")),
    )
    for name in names
}
scans = Scan.objects.order_by("pk")
said["scans"] = [(Path(scan.original_name).name, scan.status) for scan in scans]
said["queue"] = "mistaken" in client.get("/cms/review-queue/").content.decode()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    example = Example(tmp_path_factory.mktemp("example"))
    example.environment["NSFW_HOSTS"] = "wagtail"
    return example


def test_nothing_is_wrong_with_its_settings(example):
    done = example.manage("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "System check identified no issues (0 silenced).\n"


def test_pictures_and_documents_come_in_as_the_page_says(example, tmp_path):
    migrated = example.manage("migrate", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    (tmp_path / "plain.jpg").write_bytes(picture())
    (tmp_path / "mistaken.png").write_bytes(encode(mistaken(seed=18), "PNG"))
    (tmp_path / "half.jpg").write_bytes(picture()[:-99])
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "paper.png").write_bytes(b"%PDF-1.7 again")
    code = UPLOADS.replace("FOLDER", repr(str(tmp_path)))
    done = example.manage("shell", "--verbosity", "0", "--command", code)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "images plain.jpg": None,
        "images mistaken.png": None,
        "images half.jpg": "This picture cannot be read. It may be damaged: open it, save it again "
        "as JPEG or PNG, and send that.",
        "documents paper.pdf": None,
        "documents paper.png": "This file is not a picture of a supported format. Please send one "
        "of: JPEG, PNG, GIF, WEBP, AVIF, BMP, TIFF, HEIF.",
        "scans": [["plain.jpg", "clear"], ["mistaken.png", "held"], ["paper.pdf", "clear"]],
        "queue": True,
    }
    assert len(example.held()) == 1
