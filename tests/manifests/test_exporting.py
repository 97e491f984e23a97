"""What a manifest has of every file, and which files it has."""

import json
import tracemalloc
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError
from django.utils import timezone

from django_nsfw.manifests.files import read
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.host.models import Asset, Photo
from tests.manifests.conftest import rows_of, run

pytestmark = pytest.mark.django_db(databases=["default", "second"], transaction=True)


def test_a_file_that_was_never_scanned(constant, stored, manifest, storages):
    [photo] = stored(1)
    assert manifest() == [
        {
            "field": "host.Photo.image",
            "object_db": "default",
            "object_pk": str(photo.pk),
            "name": "photos/1.jpg",
            "location": str(storages / "media" / "photos" / "1.jpg"),
            "held": False,
            "sha256": None,
            "size": None,
            "detector": "default",
            "perceptual": True,
            "rotations": False,
        }
    ]


def test_a_held_file_lies_in_quarantine(constant, manifest, storages):
    constant.answer = 0.8
    photo = Photo.objects.create(image=upload(seed=1))
    scan = Scan.objects.get()
    for options in ({}, {"base_url": "http://media.example/"}):
        [row] = manifest(**options)
        assert row["name"] == photo.image.name
        assert row["location"] == str(storages / "quarantine" / scan.quarantine_name)
        assert (row["held"], row["sha256"], row["size"]) == (True, scan.sha256, scan.size)


def test_a_served_folder(constant, manifest):
    name = default_storage.save("photos/a “ü” %.jpg", ContentFile(picture()))
    Photo.objects.bulk_create([Photo(image=name, width=1, height=1)])
    [row] = manifest(base_url="http://media.example/files")
    assert row["location"] == (
        "http://media.example/files/photos/a%20%E2%80%9C%C3%BC%E2%80%9D%20%25.jpg"
    )


def test_bytes_that_were_deleted_are_left_out_and_told(constant, tmp_path):
    constant.answer = 0.8
    Photo.objects.create(image=upload(seed=1))
    Photo.objects.create(image=upload(seed=2))
    Scan.objects.filter(pk=Scan.objects.first().pk).update(
        status="rejected", pruned_at=timezone.now(), quarantine_name=""
    )
    Photo.objects.bulk_create([Photo(image="../../etc/passwd", width=1, height=1)])
    out, _, code = run("export", tmp_path / "m.jsonl")
    assert out == f"{tmp_path / 'm.jsonl'}: 1 files, 1 of them held; 2 left out.\n"
    assert code == 1
    assert len(rows_of(tmp_path / "m.jsonl")) == 1


def test_json_counts_and_a_dry_run(constant, stored, tmp_path):
    stored(1, 2)
    out, _, code = run("export", tmp_path / "m.jsonl", format="json", dry_run=True)
    assert (json.loads(out), code) == ({"files": 2, "held": 0, "left_out": 0}, 0)
    assert not (tmp_path / "m.jsonl").exists()


def test_the_selection_is_that_of_a_rescan(constant, stored, manifest):
    scanned = Photo.objects.create(image=upload(seed=1), title="one")
    [never] = stored(2)
    Asset.objects.create(file=upload("a.jpg", seed=3))

    def keys(*targets, **options):
        return [(row["field"], row["object_pk"]) for row in manifest(*targets, **options)]

    old, new = ("host.Photo.image", str(scanned.pk)), ("host.Photo.image", str(never.pk))
    assert len(keys()) == 3
    assert keys("host.Photo") == [old, new]
    assert keys("host.Photo.image", unscanned=True) == [new]
    assert keys("host.Photo", outdated=True) == []
    assert keys("host.Photo", query=["title=one"]) == [old]
    assert keys("host.Photo", limit=1) == [old]
    assert keys("host.Photo", status=["clear"]) == [old]
    assert keys("host.Photo", status=["held"]) == []
    assert keys("host.Photo", since="1h") == [old]
    Scan.objects.update(detector="another", created_at=timezone.now() - timedelta(days=2))
    assert keys("host.Photo", since="1h") == []
    assert keys("host.Photo", outdated=True) == [old]
    assert keys("host.Photo", outdated=True, unscanned=True) == [old, new]
    assert keys("host.Photo", database="second") == []


@pytest.mark.parametrize(
    ("arguments", "options", "why"),
    [
        (["m.csv"], {}, "m.csv: the name must end in one of .parquet, .jsonl, .ndjson."),
        (["m.jsonl", "host.Foto"], {}, "'host.Foto': App 'host' doesn't have a 'Foto' model."),
        (["m.jsonl", "host.Album"], {}, "'host.Album' has no file field."),
        (["m.jsonl"], {"presigned": 604_801}, "--presigned must be from 1 to 604800 seconds"),
        (["m.jsonl"], {"rows_per_file": -1}, "--rows-per-file must not be negative."),
        (["m.jsonl"], {"since": "soon"}, "--since must be a date"),
        (["m.jsonl"], {"query": ["title"]}, "--query must have the form field=value"),
        (["m.jsonl"], {"verify": True}, "--verify is not for export."),
        (["m.jsonl"], {"detector": "fast"}, "NSFW_DETECTORS has no detector 'fast'."),
        (["m.jsonl"], {"database": "third"}, "There is no database 'third'."),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value),
)
def test_a_mistake_is_said_before_anything_is_written(
    constant, stored, tmp_path, arguments, options, why
):
    stored(1)
    with pytest.raises(CommandError) as error:
        run("export", tmp_path / arguments[0], *arguments[1:], **options)
    assert why in str(error.value)
    assert [path.name for path in tmp_path.glob("*m.*")] == []


def by_title(instance, field_name):
    """As a site writes it: it has an object."""
    return {"detector": "constant"} if instance.title == "special" else {}


def test_policies_of_objects_name_their_detector(constant, settings, stored, manifest):
    settings.NSFW_DETECTORS = {
        alias: {"BACKEND": "tests.detectors_for_tests.ConstantDetector"}
        for alias in ("default", "constant")
    }
    settings.NSFW_POLICY = {"for_object": f"{__name__}.by_title", "known": {"rotations": True}}
    stored(1, 2)
    Photo.objects.filter(pk=Photo.objects.last().pk).update(title="special")
    assert [(row["detector"], row["rotations"]) for row in manifest()] == [
        ("default", True), ("constant", True),
    ]  # fmt: skip
    assert {row["detector"] for row in manifest(detector="default")} == {"default"}


def test_memory_and_queries_do_not_grow_with_the_table(
    constant, tmp_path, django_assert_max_num_queries
):
    def add(count):
        Photo.objects.bulk_create(
            Photo(image=f"photos/{n}.jpg", width=1, height=1) for n in range(count)
        )

    def peak():
        tracemalloc.start()
        run("export", tmp_path / "m.jsonl")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    add(1_000)
    peak()
    few = peak()
    add(9_000)
    assert peak() < 1.5 * few
    fields = 8  # each asks where it ends; a batch has its end, its rows and its scans
    with django_assert_max_num_queries(3 * fields + 3 * 21):
        run("export", tmp_path / "m.jsonl")
    assert sum(1 for _ in read(tmp_path / "m.jsonl")) == 10_000
