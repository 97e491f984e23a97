"""Animations and multi-picture files: which frames are looked at, and what is seen in them."""

import io
import random
import struct
from itertools import pairwise

import pytest
from PIL import Image

from django_nsfw.exceptions import UnreadableImage
from django_nsfw.images import Crop, open_picture
from django_nsfw.images.frames import choose_frames
from django_nsfw.limits import Limits

from .drawing import close_to, crops_of, encode, flat, gif, png, png_chunks, scene, tiff

RED, GREEN, BLUE = (220, 30, 30), (30, 200, 30), (30, 30, 220)
COLOURS = [(20 * n, 255 - 20 * n, 10 * n) for n in range(12)]


def frames_of(data: bytes, limits: Limits | None = None) -> list[int]:
    return sorted({crop.frame for crop in crops_of(data, limits=limits)})


def animated(format: str, colours: list[tuple[int, int, int]], **options: object) -> bytes:
    first, *rest = (flat(colour) for colour in colours)
    options = {"save_all": True, "append_images": rest, **options}
    if format == "WEBP":
        options["lossless"] = True
    return encode(first, format, **options)


@pytest.mark.parametrize("seed", range(50))
def test_first_last_and_one_frame_of_each_stretch_between(seed: int) -> None:
    rng = random.Random(seed)
    total, limit = rng.randint(20, 3000), rng.randint(3, 16)
    chosen = choose_frames(total, limit, random.Random(seed))
    assert len(chosen) == len(set(chosen)) == limit
    assert chosen == sorted(chosen)
    assert (chosen[0], chosen[-1]) == (0, total - 1)
    stretch = (total - 2) / (limit - 2)
    gaps = [b - a for a, b in pairwise(chosen[1:-1])]
    assert all(abs(gap - stretch) <= 1 for gap in gaps)


def test_every_frame_can_be_chosen() -> None:
    rng = random.Random(3)
    seen = {index for _ in range(300) for index in choose_frames(40, 5, rng)}
    assert seen == set(range(40))


@pytest.mark.parametrize(
    ("total", "limit", "always", "chosen"),
    [
        (1, 16, [], [0]),
        (3, 16, [], [0, 1, 2]),
        (16, 16, [], list(range(16))),
        (9, 1, [], [0]),
        (9, 2, [], [0, 8]),
        (9, 3, [4], [0, 4, 8]),
        (9, 2, [0], [0, 8]),
    ],
)
def test_few_frames(total: int, limit: int, always: list[int], chosen: list[int]) -> None:
    assert choose_frames(total, limit, random.Random(0), always=always) == chosen


def test_by_default_nobody_can_predict_the_frames() -> None:
    data = gif(8, 8, 1000)
    picture = open_picture(io.BytesIO(data), Limits(max_frames_scored=3))
    chosen = {[c.frame for c in picture.crops(input_side=8)][1] for _ in range(12)}
    assert len(chosen) > 1


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "HEIF", "MPO"])
def test_every_frame_of_a_short_file_is_seen_as_it_is_shown(format: str) -> None:
    colours = COLOURS[:3] if format == "MPO" else COLOURS  # Pillow misplaces further pictures
    data = animated(format, colours)
    picture = open_picture(io.BytesIO(data), Limits())
    assert picture.format == ("JPEG" if format == "MPO" else format)
    assert picture.frames == len(colours)
    crops = list(picture.crops(input_side=32))
    assert [crop.frame for crop in crops] == list(range(len(colours)))
    for crop, colour in zip(crops, colours, strict=True):
        assert close_to(crop.image, colour, by=8), (crop.frame, crop.image.getpixel((9, 9)))


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_a_crop_stays_as_it_is_when_later_frames_are_decoded(format: str) -> None:
    picture = open_picture(io.BytesIO(animated(format, COLOURS)), Limits())
    kept: list[Crop] = []
    copies = []
    for crop in picture.crops(input_side=32):
        kept.append(crop)
        copies.append(crop.image.tobytes())
    assert [crop.image.tobytes() for crop in kept] == copies


@pytest.mark.parametrize("bad", [6, 11], ids=["in the middle", "last"])
def test_the_bad_frame_of_a_gif_is_among_the_crops(bad: int) -> None:
    colours = [BLUE if n == bad else (n, 0, 0) for n in range(12)]
    crops = crops_of(animated("GIF", colours))
    assert [crop.frame for crop in crops if close_to(crop.image, BLUE)] == [bad]


def test_a_partial_gif_frame_is_seen_on_top_of_those_before() -> None:
    first = scene((64, 64)).quantize(64)
    second = first.convert("RGB")
    second.paste((0, 0, 255), (40, 40, 60, 60))
    data = encode(first, "GIF", save_all=True, append_images=[second])
    crop = crops_of(data)[1]
    assert crop.image.getpixel((50, 50)) == (0, 0, 255)
    assert crop.image.getpixel((5, 60)) == first.convert("RGB").getpixel((5, 60))


def test_frames_can_be_taken_twice() -> None:
    picture = open_picture(io.BytesIO(animated("GIF", COLOURS)), Limits())
    once, twice = ([c.image.tobytes() for c in picture.crops(input_side=32)] for _ in range(2))
    assert once == twice


def test_a_truncated_gif_is_unreadable_at_its_last_frame() -> None:
    data = encode(
        scene((64, 64), seed=1), "GIF", save_all=True, append_images=[scene((64, 64), seed=2)]
    )
    assert frames_of(data) == [0, 1]
    with pytest.raises(UnreadableImage):
        crops_of(data[:-300])


def apng(claimed: int, frames: int, *, default_image: bool = False) -> bytes:
    """An animated PNG whose header claims another number of frames than there are."""
    chunks: list[tuple[bytes, bytes]] = []
    sequence = 0
    for number in range(frames):
        pieces = dict(png_chunks(encode(flat(COLOURS[number], (8, 8)), "PNG")))
        if not number:
            chunks += [(b"IHDR", pieces[b"IHDR"]), (b"acTL", struct.pack(">II", claimed, 0))]
            if default_image:
                cover = dict(png_chunks(encode(flat(BLUE, (8, 8)), "PNG")))
                chunks.append((b"IDAT", cover[b"IDAT"]))
        control = struct.pack(">IIIIIHHBB", sequence, 8, 8, 0, 0, 1, 10, 0, 0)
        sequence += 1
        chunks.append((b"fcTL", control))
        if not number and not default_image:
            chunks.append((b"IDAT", pieces[b"IDAT"]))
        else:
            chunks.append((b"fdAT", struct.pack(">I", sequence) + pieces[b"IDAT"]))
            sequence += 1
    return png(*chunks)


@pytest.mark.parametrize("claimed", [1, 2, 4, 5, 90_000, 0x80000000])
def test_the_frames_of_an_apng_are_counted_not_believed(claimed: int) -> None:
    crops = crops_of(apng(claimed, 4))
    assert [crop.frame for crop in crops] == [0, 1, 2, 3]
    assert [crop.image.getpixel((0, 0)) for crop in crops] == COLOURS[:4]


def test_the_default_image_of_an_apng_is_a_frame() -> None:
    crops = crops_of(apng(3, 3, default_image=True))
    assert [crop.image.getpixel((0, 0)) for crop in crops] == [BLUE, *COLOURS[:3]]


@pytest.mark.parametrize("claimed", [0, 0x80000001])
def test_an_apng_that_claims_an_impossible_number_is_unreadable(claimed: int) -> None:
    with pytest.raises(UnreadableImage) as raised:
        crops_of(apng(claimed, 2))
    assert str(raised.value) == (
        "The PNG picture cannot be decoded "
        "(ValueError: the animation header of the PNG is invalid)."
    )


def test_an_apng_without_its_end_is_unreadable() -> None:
    with pytest.raises(UnreadableImage, match="the animated PNG is truncated"):
        crops_of(apng(3, 3)[:-30])


def test_both_pictures_of_an_mpo_are_seen_each_in_its_own_size() -> None:
    data = encode(flat(RED, (80, 60)), "MPO", save_all=True, append_images=[flat(BLUE, (50, 40))])
    crops = crops_of(data)
    assert [crop.image.size for crop in crops] == [(80, 60), (50, 40)]
    assert close_to(crops[1].image, BLUE, by=8)


def test_an_mpo_whose_other_picture_was_cut_off_is_a_jpeg() -> None:
    data = encode(flat(RED, (80, 60)), "MPO", save_all=True, append_images=[flat(BLUE)])
    first = data[: data.index(b"\xff\xd8\xff", 2)]
    picture = open_picture(io.BytesIO(first), Limits())
    assert (picture.format, picture.frames) == ("JPEG", 1)
    assert len(list(picture.crops(input_side=32))) == 1


def test_an_mpo_whose_other_picture_is_damaged_is_unreadable() -> None:
    data = encode(scene(seed=1), "MPO", save_all=True, append_images=[scene(seed=2)])
    with pytest.raises(UnreadableImage):
        crops_of(data[:-200])


def test_every_picture_of_an_mpo_is_decoded_at_its_own_scale() -> None:
    data = encode(
        scene((640, 480)), "MPO", save_all=True, append_images=[scene((100, 80)), scene((320, 240))]
    )
    crops = crops_of(data, input_side=32)
    assert [crop.image.size for crop in crops] == [(80, 60), (100, 80), (80, 60)]


def test_pages_of_a_tiff_may_differ_in_size_and_mode() -> None:
    data = tiff(flat(RED, (40, 30)), flat(200, (20, 20), "L"), flat(1, (9, 9), "1"))
    crops = crops_of(data)
    assert [crop.image.size for crop in crops] == [(40, 30), (20, 20), (9, 9)]
    assert [crop.image.getpixel((4, 4)) for crop in crops] == [RED, (200,) * 3, (255,) * 3]


def test_pictures_of_a_heif_file_may_differ_in_size() -> None:
    data = encode(flat(RED), "HEIF", append_images=[flat(BLUE, (100, 80))])
    crops = crops_of(data)
    assert [crop.image.size for crop in crops] == [(64, 64), (100, 80)]


def test_the_primary_picture_of_a_heif_file_is_always_seen() -> None:
    others = [flat(BLUE if n == 4 else GREEN) for n in range(1, 9)]
    data = encode(flat(RED), "HEIF", append_images=others, primary_index=4)
    crops = crops_of(data, limits=Limits(max_frames_scored=3))
    assert [crop.frame for crop in crops] == [0, 4, 8]


def test_only_as_many_frames_as_the_limit_says() -> None:
    assert len(frames_of(gif(8, 8, 200), Limits(max_frames_scored=5))) == 5


def test_crops_are_decoded_one_frame_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    from PIL.GifImagePlugin import GifImageFile

    load = GifImageFile.load

    def counted(self: GifImageFile) -> object:
        if self.tile:
            loaded.append(self.tell())
        return load(self)

    monkeypatch.setattr(GifImageFile, "load", counted)
    crops = open_picture(io.BytesIO(animated("GIF", COLOURS)), Limits()).crops(input_side=32)
    assert loaded == []
    next(crops)
    assert loaded == [0]
    next(crops)
    assert loaded == [0, 1]


def test_a_still_picture_is_one_frame() -> None:
    for format in ("GIF", "PNG", "WEBP", "AVIF"):
        image = scene().quantize() if format == "GIF" else scene()
        assert frames_of(encode(image, format)) == [0]
    assert isinstance(crops_of(encode(scene(), "PNG"))[0].image, Image.Image)
