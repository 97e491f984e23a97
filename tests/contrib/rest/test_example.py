"""The example with its API: the real detector, and clients as they send pictures."""

import json

import pytest

from tests.conftest import encode, mistaken, picture
from tests.example.conftest import hosting

UPLOADS = """
import json
from pathlib import Path
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

def post(name):
    file = SimpleUploadedFile(name, (Path(FOLDER) / name).read_bytes())
    answer = api.post("/api/photos/", {"title": name, "image": file}, format="multipart")
    return answer.status_code, {k: v for k, v in answer.json().items() if "image" in k}

api = APIClient(SERVER_NAME="localhost")
said = {name: post(name) for name in ("plain.jpg", "mistaken.png", "paper.png")}
api.force_login(get_user_model().objects.create_superuser("mo"))
scans = api.get("/api/nsfw/scans/").json()["results"]
said["scans"] = [(scan["original_name"].rpartition("/")[2], scan["status"]) for scan in scans]
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return hosting("rest", tmp_path_factory.mktemp("example"))


def test_nothing_is_wrong_with_its_settings_and_its_schema(example):
    for command in (["check"], ["spectacular", "--validate", "--fail-on-warn"]):
        done = example.manage(*command)
        assert (done.returncode, done.stderr) == (0, "")


def test_pictures_come_in_and_moderators_see_what_waits(example, tmp_path):
    (tmp_path / "plain.jpg").write_bytes(picture())
    (tmp_path / "mistaken.png").write_bytes(encode(mistaken(seed=18), "PNG"))
    (tmp_path / "paper.png").write_bytes(b"%PDF-1.7")
    code = UPLOADS.replace("FOLDER", repr(str(tmp_path)))
    done = example.manage("shell", "--verbosity", "0", "--command", code)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    status, plain = said["plain.jpg"]
    assert (status, plain["image_status"], plain["image_notice"]) == (201, None, None)
    status, held = said["mistaken.png"]
    assert (status, held["image_status"], held["image_notice"]) == (201, "held", "Awaiting review")
    status, refused = said["paper.png"]
    assert (status, list(refused)) == (400, ["image"])
    assert refused["image"][0].startswith("This file is not a picture of a supported format.")
    assert said["scans"] == [["mistaken.png", "held"], ["plain.jpg", "clear"]]
    assert len(example.held()) == 1
