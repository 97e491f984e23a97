"""From the recorded scan to the picture: where its bytes are, and what if they are not."""

import io

import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image

from django_nsfw import renditions
from django_nsfw.decisions import approve, reject
from django_nsfw.erasure import erase
from django_nsfw.exceptions import PictureNotShown
from django_nsfw.flights import in_flight
from django_nsfw.models import Scan
from tests.conftest import photograph
from tests.host.models import Photo
from tests.images.drawing import encode, flat, gif, ihdr, png
from tests.looking.conftest import BODY, PUBLIC, held_file, scan_of

pytestmark = pytest.mark.django_db


def pixels(body) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"), int)


def both(scan):
    yield renditions.blurred(scan, strength=2, greyscale=False)
    yield renditions.revealed(scan, greyscale=False)


def refusals(scan):
    said = set()
    for make in (
        lambda: renditions.blurred(scan, strength=2, greyscale=False),
        lambda: renditions.revealed(scan, greyscale=False),
    ):
        with pytest.raises(PictureNotShown) as refused:
            make()
        said.add(refused.value.code)
    return said


def looks_like(body, scan):
    original = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"), int)
    blurred, revealed = both(scan)
    near = np.abs(pixels(revealed.body) - original).mean() < 8
    return near and blurred.body != revealed.body and body not in (blurred.body, revealed.body)


def test_a_picture_is_shown_wherever_its_status_has_put_it(
    held, storages, django_capture_on_commit_callbacks
):
    assert looks_like(BODY, held)
    with django_capture_on_commit_callbacks(execute=True):
        approve(held, moderator=None)
    assert looks_like(BODY, Scan.objects.get(pk=held.pk))
    with django_capture_on_commit_callbacks(execute=True):
        reject(Scan.objects.get(pk=held.pk), moderator=None)
    assert looks_like(BODY, Scan.objects.get(pk=held.pk))


def test_a_public_picture_is_shown(clear):
    assert looks_like(PUBLIC, clear)


def test_the_worst_frame_of_an_animation_is_shown(constant, settings):
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.RednessDetector"},
    }
    frames = [flat((10 + 5 * i, 40, 40)) for i in range(6)]
    frames[4] = flat((240, 40, 40))
    body = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=40)
    scan = held_file("red.gif", body)
    assert (scan.frames, renditions.worst(scan)[0]) == (6, 4)
    for rendition in both(scan):
        assert pixels(rendition.body)[..., 0].mean() > 220


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.png", BODY[:4000]),
        ("a.png", png(ihdr(60_000, 60_000))),
        ("a.gif", gif(30_000, 30_000, 3)),
        ("a.jpg", b"\xff\xd8\xff" + b"nothing" * 50),
        ("a.pdf", b"%PDF-1.7 <script>alert(1)</script>"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    ],
    ids=["cut off", "huge", "a huge animation", "no picture", "PDF", "SVG"],
)
def test_what_cannot_be_decoded_is_a_drawn_notice(constant, name, body):
    scan = held_file(name, body)
    assert scan.status == Scan.Status.HELD
    for rendition in both(scan):
        assert rendition.notice
        assert Image.open(io.BytesIO(rendition.body)).size == renditions.NOTICE_SIZE
        assert body[:32] not in rendition.body


def test_a_file_over_the_limit_of_bytes_is_not_even_read(held, settings, storages):
    settings.NSFW_LIMITS = {"max_bytes": 1000}
    (storages / "quarantine" / held.quarantine_name).unlink()
    assert [rendition.notice for rendition in both(held)] == [True, True]


def test_a_picture_whose_frame_is_on_record_wrongly_is_a_notice(held):
    held.crops[0]["frame"] = 7
    assert [rendition.notice for rendition in both(held)] == [True, True]


def test_a_missing_file(held, clear, storages):
    (storages / "quarantine" / held.quarantine_name).unlink()
    assert refusals(held) == {"missing"}
    clear_file = Photo.objects.get(pk=clear.object_pk).image
    clear_file.storage.delete(clear.name)
    assert refusals(clear) == {"missing"}


def test_a_hidden_scan_without_a_file_never_shows_what_stands_in_for_it(held):
    held.status, held.quarantine_name = Scan.Status.REJECTED, ""
    assert refusals(held) == {"missing"}


@pytest.mark.parametrize("body", [photograph("coffee.png"), BODY + b"x", BODY[:-1], b""], ids=len)
def test_a_file_that_changed(held, storages, body):
    path = storages / "quarantine" / held.quarantine_name
    path.write_bytes(body)
    assert refusals(held) == {"changed"}


def test_a_public_file_that_was_swapped(clear):
    storage = Photo.objects.get(pk=clear.object_pk).image.storage
    storage.delete(clear.name)
    storage.save(clear.name, ContentFile(BODY))
    assert refusals(clear) == {"changed"}


def test_a_file_that_grew_beyond_the_limit_is_not_read_whole(held, storages, settings):
    settings.NSFW_LIMITS = {"max_bytes": len(BODY)}
    assert looks_like(BODY, held)
    (storages / "quarantine" / held.quarantine_name).write_bytes(BODY * 5)
    assert refusals(held) == {"changed"}


def test_what_was_deleted(held, django_capture_on_commit_callbacks):
    Photo.objects.filter(pk=held.object_pk).delete()
    with django_capture_on_commit_callbacks(execute=True):
        list(erase(Scan.objects.filter(pk=held.pk)))
    assert refusals(Scan.objects.get(pk=held.pk)) == {"pruned"}


@pytest.mark.parametrize(
    "label", ["host.Photo.gone", "host.Gone.image", "gone.Photo.image", "host.Photo.title", "x"]
)
def test_a_field_that_left_the_project(held, clear, label):
    clear.field = held.field = label
    assert refusals(clear) == {"gone"}
    assert looks_like(BODY, held)  # its bytes are in quarantine, whatever became of it


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "held", ""])
def test_names_that_lead_elsewhere(clear, name):
    clear.name = name
    assert refusals(clear) <= {"storage", "missing"}


def test_a_storage_in_trouble_is_no_sentence_of_the_storage(held, storages, caplog):
    path = storages / "quarantine" / held.quarantine_name
    path.unlink()
    path.mkdir()
    assert refusals(held) == {"storage"}
    assert str(path) in caplog.text
    with pytest.raises(PictureNotShown) as refused:
        renditions.revealed(held, greyscale=False)
    assert str(path) not in str(refused.value)


def test_pictures_take_their_turn_with_uploads(held, settings):
    settings.NSFW_LIMITS = {"max_in_flight": 1, "timeout": 0.05}
    with in_flight(1, 1):
        assert refusals(held) == {"busy"}
    assert looks_like(BODY, held)


def test_looking_changes_nothing(held, storages):
    path = storages / "quarantine" / held.quarantine_name
    before = {p: p.is_file() and p.read_bytes() for p in storages.rglob("*")}
    assert before[path] == BODY
    list(both(held))
    assert {p: p.is_file() and p.read_bytes() for p in storages.rglob("*")} == before
    assert scan_of(Photo.objects.get()).status == Scan.Status.HELD
