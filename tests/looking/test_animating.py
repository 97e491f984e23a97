"""Animations that move for who wants them to: few frames, small, encoded anew, within limits."""

import io
import random
import struct

import numpy as np
import pytest
from PIL import Image, ImageSequence

from django_nsfw import renditions
from django_nsfw.exceptions import ImageTooLarge, UnreadableImage
from django_nsfw.images import animated, moves, open_picture
from django_nsfw.images.animating import MOST_FRAMES, MOST_PIXELS
from django_nsfw.limits import Limits
from django_nsfw.scores import Ground
from tests.conftest import photograph
from tests.images.drawing import close_to, encode, flat, scene
from tests.looking.conftest import held_file

FORMATS = ["GIF", "PNG", "WEBP", "AVIF"]
NOTE = b"48.2082 N 16.3738 E"

in_every_format = pytest.mark.parametrize("format", FORMATS)


def colour(index) -> tuple[int, int, int]:
    """Far from those near it: the encoder makes one of frames that look the same."""
    shade = index * 83 % 200
    return (20, 20 + shade, 220 - shade)


def animation(format, total=5, *, duration=40, worst=None, size=(64, 64), **options) -> bytes:
    frames = [flat(colour(index), size) for index in range(total)]
    if worst is not None:
        frames[worst] = flat((220, 20, 20), size)
    lossless = {"WEBP": {"lossless": True}, "AVIF": {"quality": 95}}.get(format, {})
    return encode(
        frames[0],
        format,
        save_all=True,
        append_images=frames[1:],
        duration=duration,
        **lossless,
        **options,
    )


def played(data, limits=None, **options) -> tuple[list[Image.Image], list[int]]:
    """Frames and their milliseconds."""
    picture = open_picture(io.BytesIO(data), limits or Limits())
    options = {"greyscale": False, "seconds": 30, "rng": random.Random(1), **options}
    return taken_apart(animated(picture, **options))


def taken_apart(body) -> tuple[list[Image.Image], list[int]]:
    image = Image.open(io.BytesIO(body))
    assert (image.format, image.is_animated, image.info["loop"]) == ("WEBP", True, 0)
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(frame.convert("RGB"))
        durations.append(frame.info["duration"])
    return frames, durations


def chunks(body) -> set[bytes]:
    at, found = 12, set()
    while at < len(body):
        kind, length = struct.unpack_from("<4sI", body, at)
        found.add(kind)
        at += 8 + length + length % 2
    assert at == len(body)  # and nothing behind the end
    return found


@in_every_format
def test_every_frame_of_a_short_animation_is_there_in_its_order(format):
    frames, durations = played(animation(format))
    assert durations == [40] * 5
    for index, frame in enumerate(frames):
        assert close_to(frame, colour(index), 12)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_of_many_frames_some_are_left_out_and_the_time_stays(format):
    data = animation(format, 150, duration=30)
    frames, durations = played(data)
    assert len(frames) == MOST_FRAMES
    assert sum(durations) == 150 * 30
    assert max(durations) <= 5 * 30
    assert close_to(frames[0], colour(0), 12)
    assert close_to(frames[-1], colour(149), 12)


@in_every_format
@pytest.mark.parametrize("worst", [1, 59, 97])
def test_the_worst_frame_is_always_among_them(format, worst):
    data = animation(format, 100, worst=worst)
    for seed in range(2):
        frames, _ = played(data, frame=worst, rng=random.Random(seed))
        assert len(frames) == MOST_FRAMES
        assert sum(close_to(frame, (220, 20, 20), 16) for frame in frames) == 1


DURATIONS = {
    "too short": (10, 20),
    "short": (20, 20),
    "long": (1000, 1000),
    "too long": (60_000, 1000),
    "not said": (0, 100),
}


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize(("said", "shown"), DURATIONS.values(), ids=DURATIONS)
def test_no_frame_flickers_or_stays_for_ever(format, said, shown):
    _, durations = played(animation(format, 3, duration=said))
    assert durations == [shown] * 3


@pytest.mark.parametrize(("total", "size"), [(2, (4000, 3000)), (20, (2000, 1500))], ids=str)
def test_pixels_are_bounded(total, size):
    frames, _ = played(animation("GIF", total, size=size))
    width, height = frames[0].size
    assert len(frames) == total
    assert max(width, height) <= 1280
    assert width * height * total <= MOST_PIXELS * 1.01
    assert width / height == pytest.approx(4 / 3, rel=0.01)


def test_a_small_one_is_not_enlarged():
    frames, _ = played(animation("GIF", 60, size=(9, 7)))
    assert frames[0].size == (9, 7)


def test_nothing_of_the_file_comes_along():
    exif = Image.Exif()
    exif[0x010E] = NOTE.decode()
    files = [
        animation("GIF", comment=NOTE) + NOTE,
        animation("PNG", exif=exif) + NOTE,
        animation("WEBP", exif=exif.tobytes(), xmp=NOTE),
    ]
    for data in files:
        assert NOTE in data
        picture = open_picture(io.BytesIO(data), Limits())
        body = animated(picture, greyscale=False, seconds=30)
        assert NOTE not in body
        assert chunks(body) == {b"VP8X", b"ANIM", b"ANMF"}


def test_without_colours():
    for frame in played(animation("GIF"), greyscale=True)[0]:
        red, green, blue = np.moveaxis(np.asarray(frame, int), 2, 0)
        assert max(abs(red - green).max(), abs(green - blue).max()) <= 2


def test_what_is_transparent_is_laid_on_the_ground_that_scored_worst():
    frames = [Image.new("RGBA", (64, 64), (250, 120, 10, 0)) for _ in range(2)]
    frames[1].paste((20, 20, 220, 255), (0, 0, 32, 32))
    data = encode(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50)
    for ground, behind in (
        (Ground.WHITE, (255, 255, 255)),
        (Ground.BLACK, (0, 0, 0)),
        (Ground.RAW, (250, 120, 10)),
    ):
        first, second = (frame.crop((40, 40, 64, 64)) for frame in played(data, ground=ground)[0])
        assert close_to(first, behind, 8)
        assert close_to(second, behind, 8)


def test_frames_that_all_look_the_same_are_one_still_picture():
    same = [flat((90, 90, 90 + n)) for n in range(4)]
    data = encode(same[0], "PNG", save_all=True, append_images=same[1:], duration=50)
    picture = open_picture(io.BytesIO(data), Limits())
    assert picture.frames == 4
    body = animated(picture, greyscale=False, seconds=30)
    assert not Image.open(io.BytesIO(body)).is_animated


def test_only_what_follows_in_time_moves():
    def opened(data):
        return open_picture(io.BytesIO(data), Limits())

    assert all(moves(opened(animation(format))) for format in FORMATS)
    assert not any(moves(opened(encode(scene(), format))) for format in FORMATS)
    pages = encode(flat("red"), "TIFF", save_all=True, append_images=[flat("blue")])
    assert opened(pages).frames == 2
    assert not moves(opened(pages))
    assert not moves(opened(photograph("rocket.jpg")))


def test_frames_that_are_not_of_one_size_are_an_error_of_the_picture():
    """The screen of the GIF grows with its second frame."""
    data = animation("GIF", 2, size=(8, 8))
    at = data.rindex(b"\x2c\0\0\0\0")
    grown = data[:at] + struct.pack("<BHHHH", 0x2C, 8, 8, 8, 8) + data[at + 9 :]
    with pytest.raises(UnreadableImage, match="not of one size"):
        played(grown)


def test_an_animation_takes_no_longer_than_it_may():
    with pytest.raises(ImageTooLarge, match="seconds"):
        played(animation("GIF"), seconds=0)


@pytest.mark.parametrize("frame", [-1, 5, 10**9])
def test_a_frame_that_is_not_there_is_an_error_of_the_picture(frame):
    with pytest.raises(UnreadableImage):
        played(animation("GIF"), frame=frame)


@in_every_format
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_is_cut_off_moves_whole_or_not_at_all(format, kept):
    data = animation(format, 8, size=(256, 192))
    try:
        frames, _ = played(data[: int(len(data) * kept)])
    except UnreadableImage:
        return
    assert len(frames) >= 2


def revealed(scan, **options):
    return renditions.revealed(scan, greyscale=False, **options)


@pytest.fixture
def red(constant, settings):
    """The scan of an animation whose fourth frame of six scored worst."""
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.RednessDetector"},
    }
    scan = held_file("red.gif", animation("GIF", 6, worst=3))
    assert (scan.frames, renditions.worst(scan)[0]) == (6, 3)
    return scan


def is_still_and_red(rendition) -> bool:
    image = Image.open(io.BytesIO(rendition.body))
    assert not rendition.notice
    return not image.is_animated and close_to(image.convert("RGB"), (220, 20, 20), 16)


pytest_db = pytest.mark.django_db


@pytest_db
def test_an_animation_moves_unless_it_is_muted(red):
    assert is_still_and_red(revealed(red))
    assert is_still_and_red(revealed(red, muted=True))
    frames, _ = taken_apart(revealed(red, muted=False).body)
    assert [close_to(frame, (220, 20, 20), 16) for frame in frames] == [
        index == 3 for index in range(6)
    ]


@pytest_db
def test_the_blurred_picture_always_stands_still(red):
    assert is_still_and_red(renditions.blurred(red, strength=1, greyscale=False))


@pytest_db
def test_a_still_picture_stays_one(constant):
    scan = held_file("cat.png", photograph())
    assert revealed(scan, muted=False) == revealed(scan)


@pytest_db
def test_what_moves_is_within_the_limits_of_the_site(red, settings):
    settings.NSFW_LIMITS = {"max_total_pixels": 64 * 64 * 5}
    assert revealed(red, muted=False).notice


@pytest_db
def test_where_it_cannot_be_decoded_in_time_the_worst_frame_is_shown(red, settings):
    settings.NSFW_LIMITS = {"timeout": 1e-6}
    assert is_still_and_red(revealed(red, muted=False))


@pytest_db
def test_where_a_later_frame_is_broken_the_worst_one_is_shown(constant):
    data = animation("PNG", 6, worst=1)
    at = data.rindex(b"fdAT")
    broken = data[: at + 8] + b"\xff" * 40 + data[at + 48 :]
    scan = held_file("red.png", broken)
    scan.crops = [{"frame": 1, "tile": 0, "ground": "opaque", "nsfw": 0.9, "labels": {}}]
    with pytest.raises(UnreadableImage):
        played(broken)
    assert renditions.worst(scan)[0] == 1
    assert is_still_and_red(revealed(scan, muted=False))
