"""On request: held bytes and personal data go, digest, scores and decisions stay."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from django_nsfw import erasure
from django_nsfw.decisions import approve, reject
from django_nsfw.exceptions import DecisionRefused
from django_nsfw.listings import exclude_held, with_nsfw_status
from django_nsfw.management.commands.nsfw_erase import SITES_OWN
from django_nsfw.models import Decision, Scan
from django_nsfw.quarantine import discard
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.folders import held, journalled, public
from tests.host.models import Asset, FramedPhoto, Photo, Slide
from tests.retention.state import everything

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

KEPT = ["sha256", "size", "format", "width", "height", "frames", "detector", "nsfw", "crops", "ms",
        "verdict", "error_code", "token", "field", "object_db", "created_at"]  # fmt: skip


def run(*words, **options):
    out = io.StringIO()
    call_command("nsfw_erase", *map(str, words), stdout=out, **{"interactive": False} | options)
    return out.getvalue()


def columns(scan, names):
    return {name: getattr(scan, name) for name in names}


def test_a_held_object(hold, ann):
    photo = hold(owner=ann)
    before = Scan.objects.get()
    Scan.objects.update(error_message="ann.jpg cannot be read")
    assert run("host.Photo", photo.pk) == (
        f"rejected: host.Photo.image of {photo.pk} (scan {before.pk}): {before.size:,} bytes\n"
        f"1 scan erased, 1 held file deleted ({before.size:,} bytes). {SITES_OWN}\n"
    )
    scan = Scan.objects.get()
    assert held() == journalled() == []
    assert columns(scan, KEPT) == columns(before, KEPT)
    assert (scan.uploader, scan.original_name, scan.error_message) == (None, "", "")
    assert (scan.name, scan.object_pk) == (photo.image.name, str(photo.pk))
    assert (scan.quarantine_name, scan.discard_at) == ("", None)
    assert None not in (scan.pruned_at, scan.erased_at, scan.settled_at)


def test_an_object_that_shows_a_placeholder_is_still_left_out(hold):
    photo = hold()
    run("host.Photo", photo.pk)
    assert photo.image.name in public()
    assert not exclude_held(Photo.objects.all()).exists()
    assert with_nsfw_status(Photo.objects.all()).get().nsfw_image == "rejected"
    with pytest.raises(DecisionRefused) as refused:
        approve(Scan.objects.get(), moderator=None)
    assert refused.value.code == "pruned"
    assert list(sweep(verify=True)) == []
    Photo.objects.get().delete()
    assert public() == {}
    scan = Scan.objects.get()
    assert (scan.status, scan.object_pk) == ("gone", "")
    assert scan.name == f"erased/{scan.token.hex}"


def test_the_decision_stays(hold, ann):
    photo = hold()
    reject(Scan.objects.get(), moderator=ann, note="no")
    before = Decision.objects.values().get()
    run("host.Photo", photo.pk)
    assert Decision.objects.values().get() == before
    assert Scan.objects.get().status == "rejected"


def test_an_object_that_is_gone(hold):
    photo = hold()
    pk = photo.pk
    Photo.objects.all()._raw_delete("default")
    assert run("host.photo", pk).startswith(f"gone: host.Photo.image of {pk} ")
    scan = Scan.objects.get()
    assert (held(), public(), scan.object_pk) == ([], {}, "")
    assert scan.name == f"erased/{scan.token.hex}"
    assert run("host.photo", pk) == (
        f"Nothing is recorded of host.Photo {pk} that could be erased.\n"
    )


def test_erased_scans_join_with_no_row(hold, constant):
    photo = hold()
    Photo.objects.all()._raw_delete("default")
    run("host.Photo", photo.pk)
    Asset.objects.create()
    Photo.objects.bulk_create([Photo(image="")])
    assert with_nsfw_status(Photo.objects.all()).get().nsfw_image is None


def test_every_file_of_an_uploader(hold, ann, django_user_model):
    bob = django_user_model.objects.create_user("bob")
    photos = [hold(seed, owner=ann) for seed in (1, 2, 3)]
    others = hold(4, owner=bob)
    photos[0].image = upload(body=picture(seed=5))
    photos[0].save()
    approve(Scan.objects.get(object_pk=str(photos[1].pk)), moderator=None)
    photos[2].delete()
    lines = run(uploader=str(ann.pk)).splitlines()
    assert sorted(line.partition(":")[0] for line in lines[:-1]) == [
        "approved",
        "gone",
        "rejected",
        "superseded",
    ]
    assert held() == [picture(seed=4)]
    assert [s.object_pk for s in Scan.objects.exclude(uploader=None)] == [str(others.pk)]
    assert "ann.jpg" not in Scan.objects.filter(uploader=None).values_list(
        "original_name", flat=True
    )
    assert run(uploader=str(ann.pk)) == (
        f"Nothing is recorded of the uploader {ann.pk} that could be erased.\n"
    )


def test_public_files_are_the_sites_own_and_can_still_be_decided(hold):
    photo = hold()
    approve(Scan.objects.get(), moderator=None)
    files = public()
    [line, summary] = run("host.Photo", photo.pk).splitlines()
    assert line.endswith(": public")
    assert summary.startswith("1 scan erased, 0 held files deleted (0 bytes). Pictures that are")
    assert public() == files
    assert Scan.objects.get().status == "approved"
    reject(Scan.objects.get(), moderator=None)
    approve(Scan.objects.get(), moderator=None)
    photo.refresh_from_db()
    assert photo.image.name.endswith(".jpg")
    assert list(public().values()) == [picture(seed=1)]


def test_a_copy_that_waits_keeps_the_bytes_and_the_command_says_so(hold, ann):
    photo = hold(owner=ann)
    twin = Photo.objects.create(image=photo.image.name)
    [line, _] = run("host.Photo", photo.pk).splitlines()
    assert line.endswith(": another object names the same file, so the bytes stay")
    assert len(held()) == 1
    scan = Scan.objects.get(object_pk=str(photo.pk))
    assert (scan.status, scan.uploader, scan.original_name) == ("held", None, "")
    lines = run("host.Photo", twin.pk).splitlines()
    assert [line.partition(" (")[0] for line in lines[:-1]] == [
        f"rejected: host.Photo.image of {twin.pk}",
        f"rejected: host.Photo.image of {photo.pk}",
    ]
    assert lines[-1].startswith("2 scans erased, 1 held file deleted")
    assert held() == []


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("what", ["object", "uploader"])
def test_a_dry_run_says_the_same_and_changes_nothing(format, what, hold, ann, monkeypatch):
    for room in (erasure, discard):
        monkeypatch.setattr(room, "BATCH", 2)
    photos = [hold(seed, owner=ann) for seed in range(6)]
    Photo.objects.create(image=photos[0].image.name, album=photos[0].album)
    photos[1].image = upload(body=picture(seed=9))
    photos[1].save()
    approve(Scan.objects.get(object_pk=str(photos[2].pk)), moderator=None)
    Photo.objects.filter(pk=photos[3].pk)._raw_delete("default")
    words = ("host.Photo", photos[1].pk) if what == "object" else ()
    options = {"format": format} | ({"uploader": str(ann.pk)} if what == "uploader" else {})
    before = everything()
    dry = run(*words, dry_run=True, **options)
    assert everything() == before
    real = run(*words, **options)
    assert everything() != before
    if format == "text":
        assert dry == real[:-1] + " Nothing was changed (--dry-run).\n"
    else:
        assert dry == real
    assert len(real.splitlines()) == (2 if what == "object" else 8) + (format == "text")
    assert held() == ([] if what == "uploader" else held())


def test_json(hold):
    photo = hold()
    scan = Scan.objects.get()
    [line] = run("host.Photo", photo.pk, format="json").splitlines()
    assert json.loads(line) == {
        "scan": scan.pk,
        "status": "rejected",
        "field": "host.Photo.image",
        "object": str(photo.pk),
        "size": scan.size,
        "public": False,
        "kept": "",
        "error": "",
    }


def test_keys_are_read_as_the_database_has_them(constant):
    constant.answer = 0.8
    asset = Asset.objects.create(file=upload(body=picture(seed=1)))
    slide = Slide.objects.create(position=3, image=upload(body=picture(seed=2)))
    framed = FramedPhoto.objects.create(image=upload(body=picture(seed=3)))
    assert run("host.Asset", asset.pk.hex).startswith("rejected: host.Asset.file")
    key = json.dumps([str(slide.tray), "3"])
    assert run("host.Slide", key).startswith("rejected: host.Slide.image")
    assert run("host.FramedPhoto", f"0{framed.pk}").startswith("rejected: host.Photo.image")
    assert held() == []


def test_an_object_of_another_database(constant):
    constant.answer = 0.8
    for seed, db in enumerate(("default", "second")):
        Photo(pk=7, image=upload(body=picture(seed=seed))).save(using=db)
    run("host.Photo", 7, database="second")
    assert held() == [picture(seed=0)]


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        ((), {}, "Name one object as app_label.Model KEY, or give --uploader KEY."),
        (("host.Photo",), {}, "Name one object as app_label.Model KEY, or give --uploader KEY."),
        (
            ("host.Photo", 1),
            {"uploader": "2"},
            "Name one object as app_label.Model KEY, or give --uploader KEY.",
        ),
        (
            ("host.Album", 1),
            {},
            "No file of 'host.Album' is watched. Watched: host.Asset, host.Avatar, host.Badge, "
            "host.Paper, host.Photo, host.Slide.",
        ),
        (("host.Photo", "x"), {}, "'x' is no primary key of host.Photo."),
        (("host.Slide", "x"), {}, "'x' is no primary key of host.Slide."),
        (
            ("host.Photo", 1),
            {"database": "third"},
            "There is no database 'third'. Configured: default, second.",
        ),
        (("host.Photo", 1), {"interactive": True}, "This cannot be undone. Confirm it with "
         "--no-input."),
    ],
    ids=["nothing", "no key", "both", "not watched", "no key of it", "no composite key",
         "database", "unconfirmed"],
)  # fmt: skip
def test_a_mistake_is_a_sentence(words, options, message, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError) as error:
        run(*words, **options)
    assert str(error.value) == message


@pytest.mark.parametrize("answer", ["yes", "y", ""])
def test_on_a_terminal_it_asks(answer, hold, monkeypatch):
    photo = hold()
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    if answer == "yes":
        run("host.Photo", photo.pk, interactive=True)
    else:
        with pytest.raises(CommandError, match=r"^Nothing was erased\.$"):
            run("host.Photo", photo.pk, interactive=True)
    assert len(held()) == (answer != "yes")
    assert asked == [
        f"Erase what is recorded of host.Photo {photo.pk}? This cannot be undone. Type yes: "
    ]
