"""What the app does not see: ``nsfw_coverage``, and the system checks that ask the database."""

import io
import json
from datetime import timedelta

import pytest
from django.core import checks
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_nsfw import coverage
from django_nsfw.coverage import Kind
from django_nsfw.decisions import approve
from django_nsfw.models import Scan
from django_nsfw.registry import registry
from django_nsfw.rescans.selection import known_among
from django_nsfw.rescans.targets import Target
from tests.conftest import picture, upload
from tests.host.models import Asset, Photo, Slide

pytestmark = pytest.mark.django_db(databases=["default", "second"], transaction=True)


def report(*fields, **options):
    """What was printed, and the exit code."""
    out = io.StringIO()
    try:
        call_command("nsfw_coverage", *fields, stdout=out, **options)
    except SystemExit as left:
        return out.getvalue(), left.code
    return out.getvalue(), 0


def found(*fields):
    """The lines of the report as dictionaries, and the exit code."""
    text, code = report(*fields, format="json")
    return [json.loads(line) for line in text.splitlines()], code


def counts(*fields):
    lines, _ = found(*fields)
    return {
        (line["field"], line["database"]): (line["files"], line["missing"])
        for line in lines
        if line["kind"] == "watched"
    }


def stored(count, *, start=0, using="default"):
    """Photos whose files came by another way than an upload; no scan knows of them."""
    names = [f"photos/{start + n}.jpg" for n in range(count)]
    photos = [Photo(image=name, width=1, height=1) for name in names]
    return Photo.objects.using(using).bulk_create(photos)


def complaints(*databases):
    """What the system checks of these databases say, or those that ask none."""
    found = checks.run_checks(
        tags=["database" if databases else "nsfw"], databases=list(databases) or None
    )
    return [(each.id, each.msg) for each in found if each.id.startswith("django_nsfw.")]


def test_a_sound_site_has_no_gap(constant):
    Photo.objects.create(image=upload())
    text, code = report()
    assert code == 0
    assert text.splitlines()[0].split() == ["files", "missing", "about"]
    assert "watched                1           0  host.Photo.image" in text.splitlines()
    assert text.endswith("No gap.\n")


def test_every_file_field_is_listed_with_its_standing(settings):
    settings.NSFW_FIELDS = {"host.Asset.thumbnail": None}
    lines, code = found()
    kinds = {line["field"]: line["kind"] for line in lines}
    assert (kinds["host.Photo.image"], kinds["host.Paper.scan"]) == ("watched", "watched")
    assert (kinds["host.Asset.thumbnail"], kinds["host.Asset.file"]) == ("exempt", "other files")
    assert code == 0
    settings.NSFW_FIELDS = {}
    lines, code = found()
    [gap] = [line for line in lines if line["gap"]]
    assert (gap["kind"], gap["field"]) == ("no policy", "host.Asset.thumbnail")
    assert code == 1
    assert report()[0].endswith("Gaps: 1 image fields without a policy.\n")


def test_files_that_were_never_scanned_are_counted(constant, monkeypatch):
    monkeypatch.setattr(coverage, "BATCH", 3)
    stored(7)
    Photo.objects.create(image=upload())
    Photo.objects.create(image="")
    Asset.objects.create(file=upload("a.jpg"), thumbnail=upload("b.jpg"))
    assert found("host.Photo.image")[1] == 1
    assert counts("host.Photo.image", "host.Asset.file") == {
        ("host.Photo.image", "default"): (8, 7),
        ("host.Photo.image", "second"): (0, 0),
        ("host.Asset.file", "default"): (1, 0),
        ("host.Asset.file", "second"): (0, 0),
    }
    assert report()[0].endswith("Gaps: 1 fields with files that were never scanned.\n")


def test_composite_keys_and_other_databases_are_walked(constant, monkeypatch):
    monkeypatch.setattr(coverage, "BATCH", 2)
    Slide.objects.bulk_create(Slide(position=n, image=f"slides/{n}.jpg") for n in range(5))
    stored(5, using="second")
    assert counts("host.Slide.image", "host.Photo.image") == {
        ("host.Slide.image", "default"): (5, 5),
        ("host.Slide.image", "second"): (0, 0),
        ("host.Photo.image", "default"): (0, 0),
        ("host.Photo.image", "second"): (5, 5),
    }


def test_the_scan_of_another_file_does_not_count(constant):
    photo = Photo.objects.create(image=upload())
    Photo.objects.filter(pk=photo.pk).update(image="photos/put-there.jpg")
    assert counts("host.Photo.image")["host.Photo.image", "default"] == (1, 1)


def test_a_field_without_objects_of_its_own_database_costs_two_queries_a_batch(
    constant, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(coverage, "BATCH", 10)
    stored(30)
    field = Photo._meta.get_field("image")
    with django_assert_num_queries(4 + 3):  # the last batch is empty, and asks for no scans
        for batch in coverage.named_files(field, "default"):
            assert (
                len(coverage.unscanned("host.Photo.image", "default", [n for _, n in batch])) == 10
            )


def test_held_bytes_in_the_open_are_found(constant):
    constant.answer = 0.9
    photo = Photo.objects.create(image=upload())
    scan = Scan.objects.get()
    assert [line for line in found()[0] if line["kind"] == "exposed"] == []
    default_storage.save("photos/cat.jpg", ContentFile(picture()))  # under the name it came with
    Scan.objects.update(original_name="photos/cat.jpg")
    lines, code = found()
    [line] = [line for line in lines if line["kind"] == "exposed"]
    assert (line["field"], line["object"]) == ("host.Photo.image", str(photo.pk))
    assert line["detail"] == "visitors can read the held bytes under 'photos/cat.jpg'"
    assert code == 1
    assert [id for id, _ in complaints("default")] == ["django_nsfw.E043"]
    with default_storage.open(scan.name, "wb") as placeholder:
        placeholder.write(picture())
    assert len([line for line in found()[0] if line["kind"] == "exposed"]) == 2


def test_the_same_bytes_of_another_object_are_its_own_affair(constant):
    constant.answer = 0.9
    first = Photo.objects.create(image=upload())
    Scan.objects.update(original_name="photos/cat.jpg")
    second = Photo.objects.create(image=upload())
    approve(Scan.objects.get(object_pk=second.pk), moderator=None)
    second.refresh_from_db()
    Scan.objects.filter(object_pk=first.pk).update(original_name=second.image.name)
    assert [line for line in found()[0] if line["kind"] == "exposed"] == []


def test_a_quarantine_that_visitors_read_is_a_gap(settings):
    settings.STATIC_ROOT = settings.STORAGES["nsfw_quarantine"]["OPTIONS"]["location"]
    lines, code = found()
    [line] = [line for line in lines if line["kind"] == "exposed"]
    assert "STATIC_ROOT" in line["detail"]
    assert code == 1


def test_a_storage_that_does_not_answer_is_told_and_not_taken_for_safe(constant, storages):
    constant.answer = 0.9
    photo = Photo.objects.create(image=upload())
    folder = storages / "media" / "photos"
    folder.rename(storages / "elsewhere")
    folder.symlink_to(folder)  # a folder that cannot be looked into, not even by root
    lines, code = found()
    told = [line for line in lines if line["kind"] == "unknown"]
    assert {line["object"] for line in told} == {str(photo.pk)}
    assert all("cannot be looked at: [Errno 40] Too many levels" in line["detail"] for line in told)
    assert (len(told), code) == (2, 1)  # the name that is shown, and the one it came with


@pytest.mark.parametrize("status", ["pending", "unscored"])
def test_scans_past_their_deadline_are_counted(constant, settings, status):
    constant.answer = 0.9
    settings.NSFW_BACKGROUND = {"lease": 60, "deadline": 3600}
    for _ in range(3):
        Photo.objects.create(image=upload())
    late, early, settled = Scan.objects.order_by("pk")
    now = timezone.now()
    Scan.objects.exclude(pk=settled.pk).update(status=status)
    Scan.objects.exclude(pk=early.pk).update(created_at=now - timedelta(seconds=3700))
    lines, code = found("host.Photo.image")
    [line] = [line for line in lines if line["kind"] == "overdue"]
    assert (line["field"], line["database"], line["missing"]) == ("host.Photo.image", "default", 1)
    assert line["detail"].startswith("the oldest waits for 3,7")
    assert code == 1
    assert found("host.Asset.file")[1] == 0
    assert complaints("default") == [
        (
            "django_nsfw.W042",
            "1 scans wait for their score for longer than NSFW_BACKGROUND['deadline'].",
        )
    ]
    Scan.objects.filter(pk=late.pk).update(created_at=now)
    assert [line for line in found()[0] if line["kind"] == "overdue"] == []


def test_the_fields_can_be_named(constant):
    stored(1)
    assert {line["field"] for line in found("host.Asset.file")[0]} == {"host.Asset.file"}
    assert found("host.Asset.file")[1] == 0
    with pytest.raises(CommandError) as error:
        report("host.Photo.picture")
    assert str(error.value) == (
        "'host.Photo.picture': host.Photo has no field 'picture'. Its file fields: image."
    )


def test_every_kind_has_a_word_for_the_summary(constant, settings):
    settings.NSFW_FIELDS = {}
    stored(1)
    text, code = report()
    *_, summary = text.splitlines()
    assert sorted(summary.removeprefix("Gaps: ").removesuffix(".").split("; ")) == [
        "1 fields with files that were never scanned",
        "1 image fields without a policy",
    ]
    assert code == 1
    assert {kind.value for kind in coverage.GAPS} == {"no policy", "exposed", "overdue", "unknown"}


def test_w041_asks_the_database_only_where_it_may(constant, django_assert_num_queries):
    stored(3)
    with django_assert_num_queries(0):
        assert complaints() == []
    assert complaints("default") == [
        (
            "django_nsfw.W041",
            "host.Photo.image in the database 'default': of 3 files that were looked at, the "
            "oldest and the newest, 3 were never scanned.",
        )
    ]
    assert complaints("second") == []  # the scans are in another one


def test_w041_looks_at_both_ends(constant, monkeypatch):
    monkeypatch.setattr(coverage, "BATCH", 2)
    Photo.objects.create(image=upload())
    stored(3)
    [(_, message)] = complaints("default")
    assert "of 4 files that were looked at, the oldest and the newest, 3 were" in message
    stored(10, start=10)
    [(_, message)] = complaints("default")
    assert "of 4 files" in message


def test_migrate_runs_the_checks_before_there_is_a_table(settings, tmp_path):
    """In a process of its own, with a new database."""
    import os
    import subprocess
    import sys

    script = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0, skip_checks=False)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'new.sqlite3'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_json_says_what_is_a_gap():
    lines, _ = found()
    assert all(set(line) == {
        "kind", "field", "database", "object", "files", "missing", "detail", "gap",
    } for line in lines)  # fmt: skip
    assert {line["kind"] for line in lines} <= {kind.value for kind in Kind}


def test_the_scans_of_a_batch_are_found_by_their_names(constant):
    """Through the field they would all be read for every batch, and the whole would be n²."""
    Scan.objects.bulk_create(
        Scan(
            field="host.Photo.image", object_pk=str(number), name=f"{number}.jpg",
            sha256=f"{number:064x}", size=1, verdict="allow", status="clear",
        )
        for number in range(3000)
    )  # fmt: skip
    with connection.cursor() as cursor:  # the planners of servers go by statistics
        table = "TABLE django_nsfw_scan" if connection.vendor == "mysql" else "django_nsfw_scan"
        cursor.execute(f"ANALYZE {table}")
    target = Target(watched=registry.watched["host.Photo.image"], db="default")
    with CaptureQueriesContext(connection) as queries:
        coverage.unscanned("host.Photo.image", "default", ["1.jpg", "2.jpg"])
        known_among({"1.jpg", "2.jpg"}, target, "default")
    for query in list(queries):
        with connection.cursor() as cursor:
            cursor.execute(f"{connection.ops.explain_query_prefix()} {query['sql']}")
            assert "nsfw_scan_name" in str(cursor.fetchall())
    assert len(queries) == 2
