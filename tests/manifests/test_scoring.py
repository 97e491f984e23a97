"""What a node of a cluster does with a row: it needs settings, and neither apps nor a database."""

import io
import os
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from django_nsfw import assessment
from django_nsfw.assessment import assess
from django_nsfw.exceptions import DetectorDied
from django_nsfw.manifests import fetching
from django_nsfw.manifests.columns import FETCHED, SCORES
from django_nsfw.manifests.fetching import fetch
from django_nsfw.manifests.records import parse
from django_nsfw.manifests.scoring import Scorer, download
from tests.conftest import photograph, picture
from tests.documentation import ROOT


def row(location, **changes):
    return {
        "field": "host.Photo.image", "object_db": "default", "object_pk": "1", "name": "a.jpg",
        "location": str(location), "held": False, "sha256": None, "size": None,
        "detector": "default", "perceptual": True, "rotations": False, **changes,
    }  # fmt: skip


@pytest.fixture
def served(tmp_path):
    """A folder behind a web server."""
    folder = tmp_path / "www"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            if self.path == "/refused.jpg":
                self.send_error(403)
            elif self.path == "/half.jpg":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"x" * 50)
            else:
                super().do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_row_is_scored_as_the_site_would(tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(photograph())
    fetched = download(row(path))
    assert set(fetched) == set(FETCHED)
    [scores] = Scorer().score([fetched])
    assert set(scores) == set(SCORES)
    assessment.memo.clear()
    here = assess(io.BytesIO(photograph()))
    there = parse(scores, "row 1").assessment
    assert (there.sha256, there.size, there.detector) == (here.sha256, here.size, here.detector)
    assert there.nsfw == pytest.approx(here.nsfw, abs=1e-5)
    assert (there.format, there.width, there.height, there.frames) == ("PNG", 451, 300, 1)


def test_of_a_file_over_the_limit_the_digest_is_that_of_the_whole(constant, settings, tmp_path):
    body = picture() + b"\0" * 3_000_000
    settings.NSFW_LIMITS = {"max_bytes": 100_000}
    (tmp_path / "large.jpg").write_bytes(body)
    fetched = download(row(tmp_path / "large.jpg"))
    assert len(fetched["body"]) < 2_000_000
    [scores] = Scorer().score([fetched])
    here = assess(io.BytesIO(body))
    assert (scores["sha256"], scores["size"]) == (here.sha256, len(body))
    assert (scores["error_code"], scores["width"]) == ("image_too_large", 96)


@pytest.mark.parametrize(
    ("location", "error_code", "message"),
    [
        ("/nowhere/a.jpg", "missing", "No such file"),
        ("{folder}", "not_fetched", "Is a directory"),
        ("photos/a.jpg", "not_fetched", "is no absolute path, http(s) link or s3 location."),
        ("gopher://a/b.jpg", "not_fetched", "is no absolute path"),
        ("{address}/gone.jpg", "missing", "HTTP 404"),
        ("{address}/refused.jpg", "not_fetched", "HTTP 403: Forbidden"),
        ("{address}/half.jpg", "not_fetched", "50 bytes"),
        ("http://127.0.0.1:1/a.jpg", "not_fetched", "Connection refused"),
    ],
    ids=["missing", "folder", "relative", "scheme", "404", "403", "cut off", "no server"],
)
def test_what_cannot_be_had_is_a_row_that_says_so(
    constant, monkeypatch, served, location, error_code, message
):
    monkeypatch.setattr(fetching, "ATTEMPTS", 2)
    folder, address = served
    [scores] = Scorer().score([download(row(location.format(folder=folder, address=address)))])
    assert (scores["error_code"], scores["sha256"], scores["crops"]) == (error_code, None, None)
    assert message in scores["error_message"]
    assert parse(scores, "row 1").assessment is None


def test_links_and_paths_give_the_same_bytes(served):
    folder, address = served
    (folder / "a b.jpg").write_bytes(picture())
    places = (f"{address}/a%20b.jpg", str(folder / "a b.jpg"), f"file://{folder}/a%20b.jpg")
    found = [fetch(place, max_bytes=10**6) for place in places]
    assert {each.body.getvalue() for each in found} == {picture()}
    assert len({each.sha256 for each in found}) == 1


def test_many_files_and_the_order_of_the_rows(constant, tmp_path):
    for seed in range(20):
        (tmp_path / f"{seed}.jpg").write_bytes(picture(seed=seed))
    rows = [row(tmp_path / f"{n}.jpg", object_pk=str(n)) for n in [*range(20), 99]]
    scores = Scorer().score(map(download, rows))
    assert [each["object_pk"] for each in scores] == [each["object_pk"] for each in rows]
    assert [each["error_code"] for each in scores] == [""] * 20 + ["missing"]


def test_a_detector_that_cannot_be_had_ends_the_job(broken, tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture())
    with pytest.raises(DetectorDied, match="the hub is down"):
        Scorer().score([download(row(tmp_path / "a.jpg"))])


def test_a_detector_that_dies_ends_the_job_too(constant, tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture())
    constant.answer = RuntimeError("out of memory")
    with pytest.raises(DetectorDied, match=r"stopped answering: .*out of memory"):
        Scorer().score([download(row(tmp_path / "a.jpg"))])


def test_neither_apps_nor_models_are_needed():
    script = (
        "import sys\n"
        "from django_nsfw.manifests.scoring import Scorer, download\n"
        "from django_nsfw.manifests.columns import FETCHED\n"
        "Scorer()\n"
        "print('django_nsfw.models' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
