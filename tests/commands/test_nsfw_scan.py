"""``manage.py nsfw_scan PATH…`` on real files, good and bad."""

import csv
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from tests.conftest import encode, mistaken, photograph, picture
from tests.detectors_for_tests import ReddestDetector
from tests.explaining.spots import with_spot


def scan(*paths, **options) -> str:
    out = io.StringIO()
    call_command("nsfw_scan", *map(str, paths), stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def lines(*paths, **options):
    return [json.loads(line) for line in scan(*paths, format="json", **options).splitlines()]


def exit_code(*paths, **options) -> int:
    try:
        scan(*paths, **options)
    except SystemExit as left:
        return left.code
    return 0


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "cat.png").write_bytes(photograph("chelsea.png"))
    (folder / "sand.png").write_bytes(encode(mistaken(), "PNG"))
    (folder / "deep" / "er" / "notes.txt").write_text("nothing to see")
    return folder


def test_json_is_one_object_a_line_with_these_keys(folder):
    cat, sand, notes = lines(folder)
    assert list(cat) == [
        "path", "verdict", "nsfw", "scores", "detector", "width", "height", "format",
        "frames_scored", "ms", "error", "explanation",
    ]  # fmt: skip
    assert cat["path"] == str(folder / "cat.png")
    assert (cat["verdict"], cat["format"], cat["width"], cat["height"]) == (
        "allow",
        "PNG",
        451,
        300,
    )
    assert cat["scores"] == {"sfw": pytest.approx(1 - cat["nsfw"]), "nsfw": cat["nsfw"]}
    assert (cat["frames_scored"], cat["error"], cat["explanation"]) == (1, None, None)
    assert sand["verdict"] == "review"
    assert notes["verdict"] == "unknown"
    assert (notes["nsfw"], notes["scores"], notes["detector"]) == (None, None, None)
    assert notes["error"]["code"] == "not_a_picture"


def test_table(constant, folder):
    constant.answer = 0.25
    table = scan(folder).splitlines()
    assert table[0] == "verdict    nsfw        size      ms  path"
    assert table[1].startswith("allow     0.250     451×300 ")
    assert table[1].endswith(str(folder / "cat.png"))
    assert "(not_a_picture: " in table[3]
    assert table[-1] == "3 files: 2 allow, 0 review, 0 reject, 1 unknown."


def test_csv(folder):
    rows = list(csv.DictReader(io.StringIO(scan(folder, format="csv"))))
    assert [row["verdict"] for row in rows] == ["allow", "review", "unknown"]
    assert rows[2]["error_code"] == "not_a_picture"
    assert rows[0]["error_code"] == ""


def test_an_empty_folder(tmp_path, constant):
    (tmp_path / "empty").mkdir()
    assert scan(tmp_path / "empty").splitlines()[-1] == "No files."


@pytest.mark.parametrize(
    ("answer", "options", "code"),
    [
        pytest.param(0.1, {"fail_on": "review"}, 0, id="allow passes"),
        pytest.param(0.6, {}, 0, id="nothing asked for"),
        pytest.param(0.6, {"fail_on": "review"}, 1, id="review fails on review"),
        pytest.param(0.6, {"fail_on": "reject", "reject": 0.9}, 0, id="review passes on reject"),
        pytest.param(0.95, {"fail_on": "reject", "reject": 0.9}, 1, id="reject fails on reject"),
        pytest.param(0.95, {"fail_on": "review", "reject": 0.9}, 1, id="reject fails on review"),
        pytest.param(0.6, {"fail_on": "review", "review": 0.7}, 0, id="another threshold"),
        pytest.param(
            RuntimeError("x"), {"fail_on": "review"}, 2, id="what was not scored is not fine"
        ),
    ],
)
def test_exit_codes(constant, tmp_path, answer, options, code):
    constant.answer = answer
    (tmp_path / "a.jpg").write_bytes(picture())
    assert exit_code(tmp_path / "a.jpg", **options) == code


def test_fail_on_reject_that_could_never_fail_is_refused(constant, tmp_path):
    with pytest.raises(CommandError, match="--fail-on reject would never fail"):
        scan(tmp_path, fail_on="reject")


def test_the_name_is_not_held_against_the_content(constant, tmp_path):
    (tmp_path / "0a1b2c").write_bytes(picture())
    assert lines(tmp_path / "0a1b2c")[0]["verdict"] == "allow"


def test_what_is_no_file_to_be_read_is_a_line_too(constant, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    found = lines(tmp_path / "missing.jpg", tmp_path / "pipe", tmp_path / "dangling")
    assert [line["error"] for line in found] == [
        {"code": "not_found", "message": "No such file or directory."},
        {"code": "unreadable_file", "message": "Not a regular file."},
        {"code": "not_found", "message": "No such file or directory."},
    ]


def test_a_name_of_any_bytes_can_be_printed(constant, tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9 \x1b[31m\n.jpg"
    with open(path, "wb") as file:  # noqa: PTH123 - the name is bytes
        file.write(picture())
    line = lines(tmp_path)[0]
    assert line["path"] == f"{tmp_path}/caf\\xe9 \\x1b[31m\\n.jpg"
    assert line["verdict"] == "allow"
    assert "\x1b" not in scan(tmp_path)


def test_an_unknown_detector_is_a_sentence(tmp_path):
    with pytest.raises(CommandError) as error:
        scan(tmp_path, detector="marqo")
    assert str(error.value) == (
        "NSFW_DETECTORS has no detector 'marqo'. Configured: default, constant."
    )


def test_a_detector_that_cannot_be_had_is_said_once(broken, tmp_path):
    with pytest.raises(CommandError, match=r"^The model cannot be had: the hub is down\.$"):
        scan(tmp_path)


def test_thousands_of_broken_files_never_end_in_a_traceback(constant, tmp_path):
    import random

    rng = random.Random(5)
    originals = [picture(24, 16, format=f) for f in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")]
    for number in range(1500):
        body = bytearray(rng.choice(originals))
        for _ in range(rng.randint(1, 12)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        (tmp_path / f"{number:04}").write_bytes(body[: rng.randint(1, len(body))])
    found = lines(tmp_path)
    assert len(found) == 1500
    assert {line["error"]["code"] for line in found if line["error"]} <= {
        "unreadable_image", "not_a_picture", "image_too_large",
    }  # fmt: skip


def command(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "django", "nsfw_scan", *map(str, arguments)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    for seed in range(400):
        (tmp_path / f"{seed}.jpg").write_bytes(picture(24, 16, seed=seed))
    process = command(tmp_path, "--format", "json", "--detector", "constant")
    assert json.loads(process.stdout.readline())["verdict"] == "allow"
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(30)
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors


@pytest.fixture
def spotted(settings, tmp_path):
    """A picture whose reddest spot is known, and below it a long one and one that is none."""
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.ReddestDetector"},
    }
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    exif = Image.Exif()
    exif[0x010E] = COORDINATES.decode()  # ImageDescription
    body = encode(with_spot((0.3, 0.7), side=24), exif=exif, comment=COORDINATES)
    (folder / "spot é.jpg").write_bytes(body)
    body = encode(with_spot((0.5, 0.9), (100, 500), side=25), "PNG")
    (folder / "deep" / "strip.png").write_bytes(body)
    (folder / "deep" / "notes.txt").write_text("nothing to see")
    return folder


COORDINATES = b"48.2082 N 16.3738 E"
KEYS = [
    "file", "detector", "frame", "tile", "ground", "box", "nsfw", "log_odds", "drops", "strongest",
    "inferences", "finished",
]  # fmt: skip


def test_what_drove_a_score_is_drawn_and_told_in_numbers(spotted, tmp_path):
    out = tmp_path / "out" / "new"
    spot, notes, strip = lines(spotted, explain=out)
    assert notes["explanation"] is None
    assert list(spot["explanation"]) == list(strip["explanation"]) == KEYS
    told = spot["explanation"]
    heat = np.array(told["log_odds"])
    assert divmod(int(heat.argmax()), heat.shape[1]) == (5, 2)
    assert (heat.shape, told["nsfw"], told["finished"]) == ((8, 8), spot["nsfw"], True)
    assert told["strongest"]["nsfw"] < 0.2 < spot["nsfw"]
    assert (strip["explanation"]["tile"], strip["explanation"]["box"]) == (4, [0, 0.8, 1, 1])
    names = sorted(path.name for path in out.iterdir())
    assert names == [f"spot_.jpg-{_digest(spotted / 'spot é.jpg')}.webp",
                     f"strip.png-{_digest(spotted / 'deep' / 'strip.png')}.webp"]  # fmt: skip
    assert {one["explanation"]["file"] for one in (spot, strip)} == {str(out / n) for n in names}


def _digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def test_an_overlay_has_colours_where_it_matters_and_nothing_else_of_the_file(spotted, tmp_path):
    [spot] = lines(spotted / "spot é.jpg", explain=tmp_path / "out")
    body = Path(spot["explanation"]["file"]).read_bytes()
    assert not {b"EXIF", b"XMP ", b"ICCP"} & {body[at : at + 4] for at in range(len(body))}
    assert COORDINATES not in body
    image = Image.open(io.BytesIO(body))
    assert (image.format, image.size) == ("WEBP", (160, 160))
    red, _green, blue = np.moveaxis(np.asarray(image.convert("RGB"), int), 2, 0)
    orange = (red - blue) > 60
    rows, columns = np.nonzero(orange)
    assert columns.min() > 20 and columns.max() < 80 and rows.min() > 80 and rows.max() < 140
    assert orange[112, 48]
    assert (abs(red - blue)[:60] < 12).all()  # the rest has no colours


def test_with_a_table_it_is_counted_what_was_explained(spotted, tmp_path):
    assert scan(spotted, explain=tmp_path / "out").splitlines()[-2:] == [
        "3 files: 0 allow, 2 review, 0 reject, 1 unknown.",
        f"2 explained in {tmp_path / 'out'}.",
    ]


def test_what_cannot_be_explained_is_said_and_the_others_are(spotted, tmp_path, settings):
    """The detector gives up after some questions: at its second picture."""
    settings.NSFW_DETECTORS = {"default": {"BACKEND": f"{__name__}.Tired"}}
    out, err = io.StringIO(), io.StringIO()
    options = {"format": "json", "explain": tmp_path / "out", "stdout": out, "stderr": err}
    call_command("nsfw_scan", str(spotted), **options)
    spot, _notes, strip = map(json.loads, out.getvalue().splitlines())
    assert "error" not in spot["explanation"]
    message = "The detector failed: RuntimeError: out of memory"
    assert strip["explanation"] == {"error": {"code": "detector_unavailable", "message": message}}
    assert err.getvalue() == f"{spotted}/deep/strip.png is not explained: {message}\n"


class Tired(ReddestDetector):
    def load(self):
        super().load()
        self.left = 60

    def predict(self, images):
        self.left -= len(images)
        if self.left < 0:
            raise RuntimeError("out of memory")
        return super().predict(images)


def test_a_full_disk_leaves_no_part_of_an_overlay(spotted, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(CommandError, match=r"File too large\. Make room there"):
            scan(spotted, explain=tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_for_overlays_that_would_be_scanned_is_refused(spotted):
    with pytest.raises(CommandError) as error:
        scan(spotted, explain=spotted / "deep" / "out")
    assert str(error.value) == (
        f"--explain {spotted}/deep/out is within what is scanned, and would be scanned as well. "
        "Name a folder elsewhere."
    )
    assert not (spotted / "deep" / "out").exists()


def test_a_folder_for_overlays_that_cannot_be_written_is_a_sentence(spotted, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CommandError, match=r"^--explain .*/file/out: Not a directory\.$"):
        scan(spotted, explain=tmp_path / "file" / "out")
    with pytest.raises(CommandError, match=r"^--explain .*/file is no folder\. Name a folder\.$"):
        scan(spotted, explain=tmp_path / "file")
    taken = tmp_path / "out" / f"spot_.jpg-{_digest(spotted / 'spot é.jpg')}.webp"
    taken.mkdir(parents=True)
    with pytest.raises(CommandError) as error:
        scan(spotted, explain=tmp_path / "out")
    assert str(error.value) == (
        f"--explain {tmp_path}/out: Is a directory. Make room there, or name another folder."
    )
