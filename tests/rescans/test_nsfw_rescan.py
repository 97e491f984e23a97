"""``manage.py nsfw_rescan``: what it takes, what it refuses, what it prints and how it exits."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from django_nsfw.models import Run, Scan
from django_nsfw.rescans import progress, runs
from django_nsfw.rescans.selection import Selection
from django_nsfw.rescans.targets import find_targets
from tests.conftest import picture, upload
from tests.host.models import Album, Photo
from tests.rescans.conftest import stored

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def rescan(*targets, **options):
    out = io.StringIO()
    call_command("nsfw_rescan", *targets, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def exit_code(*targets, **options):
    with pytest.raises(SystemExit) as left:
        rescan(*targets, **options)
    return left.value.code


def test_what_it_says(constant):
    constant.answer = 0.8
    stored("a.jpg", seed=1)
    stored("b.jpg", b"")
    said = rescan("host.Photo", unscanned=True).splitlines()
    run = Run.objects.get()
    assert said[0].startswith(f"Run {run.pk} is finished after ")
    assert said[1:6] == [
        "           2 rows",
        "           2 looked at",
        "           1 scored",
        "           1 not in the storage",
        "           1 held, awaiting review",
    ]
    assert said[6] == "           1 taken down now"
    assert said[7].startswith("missing: host.Photo.image of ")
    assert len(said) == 8


def test_json(constant):
    stored("a.jpg", seed=1)
    found = json.loads(rescan("host.Photo", format="json"))
    assert (found["status"], found["rows"], found["scored"], found["clear"]) == (
        "finished",
        1,
        1,
        1,
    )
    assert set(progress.COUNTS) < set(found)
    assert found["troubles"] == []


def test_nothing_to_do_is_no_failure(constant):
    assert json.loads(rescan(unscanned=True, format="json"))["rows"] == 0


WATCHED = (
    "Watched: host.Photo.image, host.Asset.file, host.Avatar.image, host.Paper.scan, "
    "host.Badge.shrunk, host.Badge.before, host.Badge.after, host.Badge.alone, host.Slide.image."
)


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("photos", "'photos' must have the form 'app_label.Model' or with '.field'."),
        ("nothing.Photo", "'nothing.Photo': No installed app with label 'nothing'."),
        ("host.Nothing", "'host.Nothing': App 'host' doesn't have a 'Nothing' model."),
        (
            "host.Photo.nothing",
            "'host.Photo.nothing': host.Photo has no field 'nothing'. Its file fields: image.",
        ),
        (
            "host.Photo.title",
            "'host.Photo.title': 'title' is no file field. Its file fields: image.",
        ),
        (
            "host.Asset.thumbnail",
            "'host.Asset.thumbnail' is a file field that is not watched. Give the field "
            f"NSFWValidator, or name it in NSFW_FIELDS. {WATCHED}",
        ),
        (
            "host.FramedPhoto",
            "'host.FramedPhoto': its files are those of its parent; name 'host.Photo.image'.",
        ),
        (
            "host.FramedPhoto.image",
            "'host.FramedPhoto.image': the field belongs to host.Photo; name 'host.Photo.image'.",
        ),
        ("host.Album", f"'host.Album' has no file field. {WATCHED}"),
    ],
)
def test_a_target_that_is_none_is_a_sentence(target, complaint, constant):
    with pytest.raises(CommandError) as refused:
        rescan(target)
    assert str(refused.value) == complaint
    assert not Run.objects.exists()


def test_a_proxy_and_another_case_name_the_same(constant):
    stored("a.jpg", seed=1)
    for name in ("host.photoproxy", "host.PHOTO", "host.PhotoProxy.image"):
        assert json.loads(rescan(name, format="json"))["rows"] == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"batch_size": 0}, "--batch-size must be from 1 to 10000, not 0."),
        ({"limit": 0}, "--limit must be at least 1, not 0."),
        ({"workers": 0}, "--workers must be at least 1, not 0."),
        ({"status": ["gone"]}, "No current scan has the status 'gone'. Valid: pending, unscored, "
         "clear, flagged, held, approved, rejected."),
        ({"since": "tomorrow"}, "--since must be a date (2026-01-31), a date and time "
         "(2026-01-31T12:00) or an age (30m, 12h, 7d, 2w), not 'tomorrow'."),
        ({"since": "2026-02-31"}, "--since must be a date (2026-01-31), a date and time "
         "(2026-01-31T12:00) or an age (30m, 12h, 7d, 2w), not '2026-02-31'."),
        ({"unscanned": True, "since": "7d"}, "--unscanned goes with neither --status nor --since: "
         "what was never scanned has no status and no date."),
        ({"query": ["title"]}, "--query must have the form field=value, not 'title'."),
        ({"query": ["album__isnull=maybe"]}, "--query: …__isnull takes true or false, not "
         "'maybe'."),
        ({"query": ["pk=one"]}, "--query 'pk=one': Field 'id' expected a number but got 'one'."),
        ({"database": "third"}, "There is no database 'third'. Configured: default, second."),
        ({"detector": "none"}, "NSFW_DETECTORS has no detector 'none'. Configured: default."),
        ({"resume": 4321}, "There is no run 4321."),
        ({"cancel": 4321}, "There is no run 4321."),
        ({"resume": 1, "outdated": True}, "--resume goes with no --outdated: the run has its own."),
        ({"cancel": 1, "workers": 2}, "--cancel goes with no --workers: the run has its own."),
        ({"enqueue": True}, "--enqueue needs a background runner in NSFW_RUNNER; the inline one "
         "has no workers. Use --workers for processes on this machine."),
    ],
    ids=str,
)  # fmt: skip
def test_an_option_that_makes_no_sense_is_a_sentence(options, complaint, constant):
    target = () if "resume" in options or "cancel" in options else ("host.Photo",)
    with pytest.raises(CommandError) as refused:
        rescan(*target, **options)
    assert str(refused.value) == complaint
    assert not Run.objects.exists()


def test_an_unknown_field_in_a_query_names_the_fields(constant):
    with pytest.raises(CommandError, match=r"^--query 'owner=1': .*Choices are: album"):
        rescan("host.Photo", query=["owner=1"])


def test_a_detector_that_cannot_be_had_stops_it_before_anything_is_touched(broken):
    stored("a.jpg", seed=1)
    with pytest.raises(CommandError, match="the hub is down"):
        rescan("host.Photo")
    assert not Run.objects.exists()
    assert not Scan.objects.exists()


def test_a_run_that_has_ended_is_not_resumed(constant):
    pk = json.loads(rescan("host.Photo", format="json"))["run"]
    with pytest.raises(CommandError, match=f"^Run {pk} is finished since .* Start a new one"):
        rescan(resume=pk)
    with pytest.raises(CommandError, match=f"^Run {pk} is finished since"):
        rescan(cancel=pk)


def test_two_operators_do_not_start_the_same(constant):
    targets = find_targets(["host.Photo"])
    run = runs.start(targets, Selection(unscanned=True))
    with pytest.raises(
        CommandError, match=f"^Run {run.pk} is doing that since .*--resume {run.pk}"
    ):
        rescan("host.Photo", unscanned=True)
    assert "finished" in rescan(resume=run.pk)
    assert "finished" in rescan("host.Photo", unscanned=True)


def test_a_run_is_cancelled(constant):
    stored("a.jpg", seed=1)
    run = runs.start(find_targets(["host.Photo"]), Selection())
    assert rescan(cancel=run.pk).startswith(f"Run {run.pk} is cancelled after ")
    assert not Scan.objects.exists()


def test_a_dry_run_counts_and_writes_nothing(constant):
    for n in range(7):
        stored(f"{n}.jpg", seed=n)
    Photo.objects.create(image=upload())
    said = rescan("host.Photo", unscanned=True, dry_run=True, batch_size=2)
    assert said == (
        "host.Photo.image in 'default': 7 of 8 rows would be looked at.\n"
        "Nothing was scored and nothing changed (--dry-run).\n"
    )
    limited = json.loads(rescan("host.Photo", dry_run=True, limit=3, batch_size=2, format="json"))
    assert limited["chosen"] == 3
    assert (Run.objects.count(), Scan.objects.count()) == (0, 1)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"status": ["held"]}, ["held"]),
        ({"status": ["held", "clear"]}, ["clear", "held"]),
        ({"since": "1h"}, ["clear", "held"]),
        ({"since": "2099-01-01"}, []),
        ({"unscanned": True}, ["new"]),
        ({"outdated": True}, ["held"]),
        ({"unscanned": True, "outdated": True}, ["held", "new"]),
        ({"outdated": True, "status": ["clear"]}, []),
        ({"query": ["title=held"]}, ["held"]),
        ({"query": ["title__in=held,new", "album__isnull=true"]}, ["held"]),
        ({"query": ["album__owner__isnull=true"]}, ["clear", "held", "new"]),
        ({}, ["clear", "held", "new"]),
    ],
    ids=str,
)
def test_what_is_chosen(options, names, constant):
    Photo.objects.create(title="clear", image=upload(seed=1))
    constant.answer = 0.8
    Photo.objects.create(title="held", image=upload(seed=2))
    Scan.objects.filter(status="held").update(detector="another")
    constant.answer = 0.0
    stored("new.jpg", seed=3, title="new", album=Album.objects.create())
    assert json.loads(rescan("host.Photo", dry_run=True, format="json", **options))[
        "chosen"
    ] == len(names)


def test_what_a_detector_failed_on_is_left_over(constant):
    stored("a.jpg", seed=1)
    constant.answer = ValueError("no idea")
    assert exit_code("host.Photo") == 3
    assert not Scan.objects.exists(), "a detector that answers nobody holds nothing"


def test_a_storage_that_fails_for_one_file_is_left_over(constant, settings, tmp_path):
    for n in range(3):
        stored(f"{n}.jpg", seed=n)
    stored("torn.jpg", seed=4)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "tests.rescans.storages.TornStorage"},
    }
    assert exit_code("host.Photo") == 2
    run = Run.objects.get()
    assert (run.status, run.counts["scored"], run.counts["failed"]) == ("finished", 3, 1)
    assert run.chunks.get().troubles[0][2:] == ["torn.jpg", "OSError: the disk is torn"]


def test_the_picture_one_detector_cannot_take_does_not_stop_the_others(constant, monkeypatch):
    from tests.detectors_for_tests import ConstantDetector

    predict = ConstantDetector.predict

    def choosy(self, images):
        if any(image.size == (33, 33) for image in images):
            raise RuntimeError("33 is not my number")
        return predict(self, images)

    monkeypatch.setattr(ConstantDetector, "predict", choosy)
    for n in range(20):
        stored(f"{n}.jpg", seed=n)
    stored("33.jpg", picture(33, 33))
    assert exit_code("host.Photo") == 2
    run = Run.objects.get()
    assert (run.counts["scored"], run.counts["detector_failed"]) == (20, 1)
    scan = Scan.objects.get(error_code="detector_unavailable")
    assert scan.status == "held"
