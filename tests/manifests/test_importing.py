"""Scores come back: for the bytes and the detector that they name, and for no others."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError
from django.db import transaction

from django_nsfw import settling
from django_nsfw.decisions import approve, reject
from django_nsfw.listings import exclude_held
from django_nsfw.manifests import importing
from django_nsfw.manifests.columns import SCORES
from django_nsfw.manifests.files import write
from django_nsfw.models import Decision, KnownImage, Scan
from tests.conftest import picture, upload
from tests.folders import held, public, tree
from tests.host.models import Asset, Photo, Slide
from tests.manifests.conftest import counted, run

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def state():
    """Everything that an import could change."""
    columns = [f.attname for f in Scan._meta.concrete_fields if f.attname not in ("id",)]
    return (
        list(Scan.objects.order_by("pk").values(*columns)),
        list(Photo.objects.order_by("pk").values()),
        public(),
        held(),
    )


def test_what_was_never_scanned_gets_its_first_score(constant, stored, manifest, scores):
    constant.answer = 0.2
    photos = stored(1, 2, 3)
    path = scores(manifest())
    assert counted(path) == ({"recorded": 3}, 0)
    for photo, seed in zip(photos, (1, 2, 3), strict=True):
        scan = Scan.objects.get(object_pk=str(photo.pk))
        assert (scan.status, scan.nsfw, scan.verdict, scan.name) == (
            "clear", 0.2, "allow", photo.image.name,
        )  # fmt: skip
        assert (scan.size, scan.format, scan.width) == (len(picture(seed=seed)), "JPEG", 96)
        assert scan.scored_at is not None


def test_importing_again_changes_nothing(constant, stored, manifest, scores):
    constant.answer = 0.8
    stored(1, 2)
    path = scores(manifest())
    assert counted(path) == ({"recorded": 2, "taken_down": 2}, 0)
    before = state()
    # The rows name placeholders now, before the very bytes that were scored.
    assert counted(path) == ({"unchanged": 2}, 0)
    assert state() == before
    constant.answer = 0.3
    stored(3)
    path = scores(manifest(unscanned=True))
    assert counted(path) == ({"recorded": 1}, 0)
    before = state()
    assert counted(path) == ({"unchanged": 1}, 0)
    assert state() == before


def test_what_must_be_held_is_held(constant, stored, manifest, scores):
    constant.answer = 0.8
    [photo] = stored(1)
    assert counted(scores(manifest())) == ({"recorded": 1, "taken_down": 1}, 0)
    assert held() == [picture(seed=1)]
    assert picture(seed=1) not in public().values()
    scan = Scan.objects.get()
    photo.refresh_from_db()
    assert (scan.status, scan.name) == ("held", photo.image.name)
    assert list(exclude_held(Photo.objects.all())) == []


def test_what_is_held_is_scored_where_it_lies_and_released(constant, manifest, scores):
    constant.answer = 0.8
    photo = Photo.objects.create(image=upload(seed=1))
    Scan.objects.update(detector="an older one")
    constant.answer = 0.1
    [row] = manifest(outdated=True)
    assert (row["held"], row["sha256"]) == (True, Scan.objects.get().sha256)
    assert row["location"].endswith(Scan.objects.get().quarantine_name)
    path = scores([row])
    assert counted(path) == ({"rescored": 1, "released": 1}, 0)
    photo.refresh_from_db()
    scan = Scan.objects.get()
    assert (scan.status, scan.nsfw, scan.name) == ("clear", 0.1, photo.image.name)
    assert public() == {photo.image.name: picture(seed=1)}
    assert held() == []
    assert manifest(outdated=True) == []


def test_a_score_is_written_in_place(constant, manifest, scores):
    Photo.objects.create(image=upload(seed=1))
    Scan.objects.update(detector="an older one", nsfw=0.4)
    before = Scan.objects.get()
    constant.answer = 0.1
    path = scores(manifest())
    assert counted(path) == ({"rescored": 1}, 0)
    after = Scan.objects.get()
    assert (after.pk, after.created_at, after.nsfw) == (before.pk, before.created_at, 0.1)
    assert after.detector != "an older one"
    assert counted(path) == ({"unchanged": 1}, 0)


@pytest.mark.parametrize("decide", [approve, reject])
def test_what_a_person_decided_stays_decided(constant, manifest, scores, decide):
    constant.answer = 0.8
    photo = Photo.objects.create(image=upload(seed=1))
    decide(Scan.objects.get(), moderator=None)
    Scan.objects.update(detector="an older one")
    constant.answer = 0.8 if decide is approve else 0.1
    status, files = Scan.objects.get().status, public()
    assert counted(scores(manifest())) == ({"rescored": 1}, 0)
    scan = Scan.objects.get()
    assert (scan.status, scan.nsfw) == (status, constant.answer)
    assert public() == files
    assert Decision.objects.count() == 1
    photo.refresh_from_db()
    assert photo.image.name == scan.name


def test_what_is_known_settles_it_whatever_its_score(constant, stored, manifest, scores):
    constant.answer = 0.8
    Photo.objects.create(image=upload(seed=1))
    reject(Scan.objects.get(), moderator=None)
    assert KnownImage.objects.count() == 1
    constant.answer = 0.0
    stored(1)
    assert counted(scores(manifest(unscanned=True))) == ({"recorded": 1, "taken_down": 1}, 0)
    assert Scan.objects.latest("pk").status == "rejected"


@pytest.mark.parametrize("status", ["pending", "unscored"])
def test_what_waits_for_a_worker_is_settled(constant, settings, manifest, scores, status):
    settings.NSFW_RUNNER = "tests.background.post.Post"
    if status == "unscored":
        settings.NSFW_POLICY = {"publish": "immediately"}
    Photo.objects.create(image=upload(seed=1))
    assert Scan.objects.get().status == status
    constant.answer = 0.2
    path = scores(manifest())
    expected = {"rescored": 1, "released": 1} if status == "pending" else {"rescored": 1}
    assert counted(path) == (expected, 0)
    assert Scan.objects.get().status == "clear"


def test_a_score_of_another_detector_is_refused_and_both_are_named(
    constant, stored, manifest, scores
):
    stored(1)
    path = scores(manifest(), detector="marqo@1 sha256:0 torch/fp16 pre:1")
    before = state()
    out, err, code = run("import", path)
    identity = "constant sha256:000000000000 python/fp32 pre:1"
    assert err == (
        f"line 1: host.Photo.image of {Photo.objects.get().pk}: scored by "
        f"'marqo@1 sha256:0 torch/fp16 pre:1', and the one configured is '{identity}'.\n"
    )
    assert out.endswith("Not taken: 1 other detector.\n")
    assert code == 1
    assert state() == before


def test_another_alias_can_be_named(constant, settings, stored, manifest, scores):
    stored(1)
    path = scores(manifest(detector="default"))
    settings.NSFW_DETECTORS = {
        **settings.NSFW_DETECTORS,
        "default": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"},
        "cluster": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
    }
    assert counted(path) == ({"other_detector": 1}, 1)
    assert counted(path, detector="cluster") == ({"recorded": 1}, 0)
    with pytest.raises(CommandError, match="NSFW_DETECTORS has no detector 'clutser'"):
        run("import", path, detector="clutser")


def test_a_detector_that_cannot_be_had_is_said_at_once(broken, stored, tmp_path):
    [photo] = stored(1)
    write([good(photo)], tmp_path / "s.jsonl", SCORES)
    with pytest.raises(CommandError) as error:
        run("import", tmp_path / "s.jsonl")
    assert str(error.value) == "The model cannot be had: the hub is down."
    assert Scan.objects.count() == 0


def good(photo, **changes):
    """A row that is taken."""
    return {
        "field": "host.Photo.image",
        "object_db": "default",
        "object_pk": str(photo.pk),
        "name": photo.image.name,
        "sha256": "ab" * 32,
        "size": 100,
        "detector": "constant sha256:000000000000 python/fp32 pre:1",
        "nsfw": 0.2,
        "crops": crop(),
        "format": "JPEG",
        "error_code": "",
        **changes,
    }


def crop(**changes):
    labels = {"sfw": 0.8, "nsfw": 0.2}
    value = {"frame": 0, "tile": 0, "ground": "opaque", "nsfw": 0.2, "labels": labels}
    return json.dumps([{**value, **changes}])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sha256": "AB" * 32}, "sha256 must be 64 hexadecimal digits, not 'ABAB"),
        ({"sha256": None}, "sha256 must be 64 hexadecimal digits, not ''"),
        ({"field": ""}, "field is empty"),
        ({"name": 7}, "name must be text, not 7"),
        ({"object_pk": "seven"}, "object_pk 'seven' is no key of host.Photo.image"),
        ({"object_db": "third"}, "there is no database 'third'"),
        ({"size": -1}, "size must be a whole number from 0 to 9223372036854775807, not -1"),
        ({"size": 2**63}, "size must be a whole number"),
        ({"width": 1.5}, "width must be a whole number from 0 to 2147483647, not 1.5"),
        ({"nsfw": 0.9}, "nsfw is 0.9, and its crops say 0.2"),
        ({"nsfw": float("nan")}, "nsfw must be a probability, not nan"),
        ({"crops": "[", "nsfw": None}, "crops are no JSON: Expecting value"),
        ({"crops": "{}"}, "crops must be a list of at most 10000 objects"),
        ({"crops": "[]", "nsfw": None}, "neither scores with their detector nor an error_code"),
        ({"detector": ""}, "neither scores with their detector nor an error_code"),
        ({"crops": '[{"frame": 0}]'}, "a crop must be an object with frame, ground, labels"),
        ({"crops": crop(ground="grey")}, "ground must be one of opaque, white, black, raw"),
        ({"crops": crop(labels={})}, "the labels of a crop must be an object"),
        ({"crops": crop(labels={"nsfw": 1.2, "sfw": 0})}, "the label 'nsfw' must be a probability"),
        ({"crops": crop(labels={"nude": 0.2, "sfw": 0.8})}, "the labels are nude, sfw, and those"),
        ({"crops": crop(labels={"nsfw": 0.4, "sfw": 0.6})}, "nsfw is 0.2, and its labels say 0.4"),
        ({"crops": crop(frame=-1)}, "frame must be a whole number from 0 to 2147483647, not -1"),
        ({"error_code": "boring"}, "error_code must be empty or one of detector_unavailable, "),
        ({"pdq": "ff"}, "pdq must be 64 hexadecimal digits, not 'ff'"),
        ({"pdq_rotations": "ff"}, "pdq_rotations must be seven times 64 hexadecimal digits"),
        ({"format": "JPG"}, "format must be one of AVIF, BMP, GIF, HEIF, JPEG, "),
        ({"format": None}, "format must be one of AVIF, "),
        ({"detector": "x" * 256}, "detector is longer than 255 characters"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_row_that_is_wrong_is_named_and_the_others_are_taken(
    constant, stored, tmp_path, changes, why
):
    first, second, third = stored(1, 2, 3)
    rows = [good(first), {**good(second), **changes}, good(third)]
    lines = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "s.jsonl").write_text(lines)
    out, err, code = run("import", tmp_path / "s.jsonl")
    assert err.startswith("line 2: ")
    assert why in err
    assert err.count("\n") == 1
    assert (
        out == "2 recorded, 0 rescored, 0 unchanged. Files: 0 taken down, 0 released. "
        "Not taken: 1 malformed.\n"
    )
    assert code == 1
    assert {scan.object_pk for scan in Scan.objects.all()} == {str(first.pk), str(third.pk)}


def test_lines_and_columns_that_are_missing(constant, stored, tmp_path):
    [photo] = stored(1)
    row = good(photo)
    del row["crops"], row["error_code"]
    (tmp_path / "s.jsonl").write_text(f"no json\n{json.dumps(row)}\n{json.dumps(good(photo))}\n")
    _, err, code = run("import", tmp_path / "s.jsonl")
    assert err.splitlines()[0].startswith("line 1: no JSON: ")
    assert err.splitlines()[1] == "line 2: no column crops, error_code."
    assert code == 1
    assert Scan.objects.count() == 1


def test_only_so_many_rows_are_named(constant, stored, tmp_path):
    (tmp_path / "s.jsonl").write_text("[]\n" * 60)
    out, err, _ = run("import", tmp_path / "s.jsonl")
    assert len(err.splitlines()) == 51
    assert err.endswith("More rows were not taken; only their number is told.\n")
    assert "Not taken: 60 malformed." in out


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda photo: photo.delete(), "object_gone"),
        (lambda photo: Photo.objects.update(image="photos/other.jpg"), "replaced"),
        (lambda photo: photo.image.save("new.jpg", upload(seed=9)), "replaced"),
    ],
    ids=["deleted", "renamed", "another upload"],
)
def test_the_row_must_still_name_that_file(constant, stored, manifest, scores, change, reason):
    constant.answer = 0.8
    [photo] = stored(1)
    path = scores(manifest())
    constant.answer = 0.1
    change(photo)
    before = state()
    assert counted(path) == ({reason: 1}, 1)
    assert state() == before


@pytest.mark.parametrize("answer", [0.8, 0.1], ids=["to be held", "clear"])
@pytest.mark.parametrize("scanned", [True, False])
def test_other_bytes_under_the_same_name_are_refused(
    constant, stored, manifest, scores, answer, scanned
):
    constant.answer = 0.1
    [photo] = stored(1)
    if scanned:
        assert counted(scores(manifest())) == ({"recorded": 1}, 0)
        Scan.objects.update(detector="an older one")
    constant.answer = answer
    path = scores(manifest())
    with default_storage.open(photo.image.name, "wb") as file:
        file.write(picture(seed=7))
    if scanned:
        Scan.objects.update(sha256="00" * 32)
    before = state()
    verify = {} if scanned or answer == 0.8 else {"verify": True}
    assert counted(path, **verify) == ({"changed": 1}, 1)
    after = state()
    assert after[1:] == before[1:]
    assert [scan["status"] for scan in after[0]] in ([], ["clear"], ["superseded"])
    assert not Scan.objects.current().filter(nsfw=0.8).exists()


def test_other_bytes_that_were_scored_take_the_place_of_the_scan(
    constant, stored, manifest, scores
):
    stored(1)
    assert counted(scores(manifest())) == ({"recorded": 1}, 0)
    Scan.objects.update(sha256="00" * 32)  # as if it had been scanned before a swap
    assert counted(scores(manifest())) == ({"recorded": 1}, 0)
    old, new = Scan.objects.order_by("pk")
    assert (old.status, new.status) == ("superseded", "clear")
    assert new.sha256 != old.sha256


def test_what_the_cluster_could_not_do_changes_nothing(constant, stored, tmp_path):
    photos = stored(1, 2, 3, 4)
    codes = ("missing", "not_fetched", "timeout", "detector_unavailable")
    rows = [
        good(photo, sha256=None, crops=None, nsfw=None, error_code=code, error_message="so")
        for photo, code in zip(photos, codes, strict=True)
    ]
    write(rows, tmp_path / "s.jsonl", SCORES)
    before = state()
    assert counted(tmp_path / "s.jsonl") == ({"missing": 1, "not_fetched": 1, "not_scored": 2}, 1)
    assert state() == before


def test_a_file_that_cannot_be_read_is_settled_by_policy(constant, stored, manifest, scores):
    stored(1, body=b"no picture at all")
    path = scores(manifest())
    assert counted(path) == ({"recorded": 1, "taken_down": 1}, 0)
    scan = Scan.objects.get()
    assert (scan.status, scan.error_code, scan.verdict) == (
        "held", "unsupported_format", "unknown",
    )  # fmt: skip


def test_a_name_that_promises_another_format_is_no_secret(constant, stored, manifest, scores):
    stored(1, body=picture(seed=1, format="PNG"))
    counted(scores(manifest()))
    scan = Scan.objects.get()
    assert (scan.status, scan.error_code, scan.nsfw) == ("held", "extension_mismatch", 0.0)


def test_a_dry_run_says_the_same_and_changes_nothing(constant, stored, manifest, scores):
    constant.answer = 0.8
    stored(1, 2)
    path = scores(manifest())
    before = state()
    assert counted(path, dry_run=True) == ({"recorded": 2, "taken_down": 2}, 0)
    assert run("import", path, dry_run=True)[0].endswith("Nothing was changed (--dry-run).\n")
    assert state() == before
    assert counted(path) == ({"recorded": 2, "taken_down": 2}, 0)


def test_the_same_row_twice_counts_once(constant, stored, manifest, scores):
    stored(1)
    [row] = manifest()
    assert counted(scores([row, row])) == ({"recorded": 1, "unchanged": 1}, 0)


def test_objects_that_share_a_file_share_their_standing(constant, stored, manifest, scores):
    constant.answer = 0.8
    [photo] = stored(1)
    Photo.objects.bulk_create([Photo(image=photo.image.name, width=1, height=1)])
    counts, code = counted(scores(manifest()))
    assert (counts["recorded"], code) == (2, 0)
    assert {scan.status for scan in Scan.objects.all()} == {"held"}
    assert len(set(Photo.objects.values_list("image", flat=True))) == 1
    assert len(held()) == 1


def test_keys_of_every_kind_and_other_databases(constant, manifest, scores, settings, stored):
    settings.NSFW_FIELDS = {"host.Asset.file": {}, "host.Asset.thumbnail": None}
    name = default_storage.save("assets/a.jpg", ContentFile(picture(seed=1)))
    Asset.objects.bulk_create([Asset(file=name)])
    Slide.objects.bulk_create([Slide(position=3, image=name)])
    stored(5, using="second")
    rows = manifest("host.Asset", "host.Slide")
    rows += manifest("host.Photo", database="second")
    assert {row["object_db"] for row in rows} == {"default", "second"}
    assert counted(scores(rows)) == ({"recorded": 3}, 0)
    assert set(Scan.objects.values_list("field", "object_db", "status")) == {
        ("host.Asset.file", "default", "clear"),
        ("host.Slide.image", "default", "clear"),
        ("host.Photo.image", "second", "clear"),
    }


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_in_the_middle_is_finished_by_the_next_import(
    constant, stored, manifest, scores, monkeypatch, when
):
    constant.answer = 0.8
    stored(1, 2, 3)
    path = scores(manifest())
    settle, left = settling.settle, iter([False, True, False])

    def dies(*args, **kwargs):
        crash = next(left)
        if crash and when == "before":
            raise KeyboardInterrupt
        settle(*args, **kwargs)
        if crash:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(importing, "settle", dies)
        _, err, code = run("import", path)
    assert (code, err.startswith("Interrupted.")) == (130, True)
    statuses = list(Scan.objects.order_by("pk").values_list("status", flat=True))
    assert statuses == ["held", "flagged" if when == "before" else "held", "flagged"]
    counts, _ = counted(path)
    done = 1 if when == "before" else 2
    assert counts == {"unchanged": done, "rescored": 3 - done, "taken_down": 3 - done}
    assert {scan.status for scan in Scan.objects.all()} == {"held"}
    assert len(held()) == 3


def test_a_storage_that_fails_leaves_it_flagged_and_is_told(
    constant, stored, manifest, scores, storages
):
    constant.answer = 0.8
    stored(1)
    path = scores(manifest())
    quarantine = storages / "quarantine"
    quarantine.write_text("a file where the folder should be")
    before = tree(storages / "media")
    _, err, code = run("import", path)
    assert "Import it again." in err
    assert code == 1
    assert Scan.objects.get().status == "flagged"
    assert tree(storages / "media") == before
    quarantine.unlink()
    assert counted(path) == ({"rescored": 1, "taken_down": 1}, 0)


def test_queries_do_not_grow_with_the_rows(
    constant, stored, manifest, scores, django_assert_max_num_queries
):
    stored(*range(1, 41))
    path = scores(manifest())
    with django_assert_max_num_queries(12):
        assert counted(path) == ({"recorded": 40}, 0)
    with django_assert_max_num_queries(6):
        assert counted(path) == ({"unchanged": 40}, 0)


def test_it_works_within_a_transaction_of_the_caller(constant, stored, manifest, scores):
    constant.answer = 0.8
    stored(1)
    path = scores(manifest())
    with transaction.atomic():
        counted(path)
    assert held() == [picture(seed=1)]
    assert picture(seed=1) not in public().values()


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("unscanned", True, "--unscanned is not for import."),
        ("rows_per_file", 5, "--rows-per-file is not for import."),
    ],
)
def test_options_of_the_other_verb_are_refused(tmp_path, option, value, why):
    with pytest.raises(CommandError) as error:
        run("import", tmp_path / "s.jsonl", **{option: value})
    assert str(error.value) == why


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="No such file or directory"):
        run("import", tmp_path / "s.jsonl")
