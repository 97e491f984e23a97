import io

import pytest
from PIL import Image

from django_nsfw.images import FORMATS, Header, draw_placeholder, open_picture, probe
from django_nsfw.images.placeholder import MAX_PIXELS
from django_nsfw.limits import Limits

from .drawing import close_to

SIZES = [(1, 1), (1, 2), (3, 3), (16, 17), (33, 1), (64, 65), (641, 480), (500, 1501)]
LIMITS = Limits(max_tiles=100)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "×".join(map(str, size)))
@pytest.mark.parametrize("format", FORMATS)
def test_it_has_the_format_and_size_asked_for_and_opens(format: str, size: tuple[int, int]) -> None:
    data = draw_placeholder(format, *size)
    picture = open_picture(io.BytesIO(data), LIMITS)
    assert (picture.format, picture.width, picture.height, picture.frames) == (format, *size, 1)
    assert probe(io.BytesIO(data)) == Header(format=format, width=size[0], height=size[1])
    for crop in picture.crops(input_side=384):
        assert crop.ground == "opaque"


@pytest.mark.parametrize("format", FORMATS)
def test_it_is_flat_grey_with_a_crossed_circle_in_the_middle(format: str) -> None:
    data = draw_placeholder(format, 640, 480)
    (crop,) = open_picture(io.BytesIO(data), Limits()).crops(input_side=640)
    image = crop.image
    for corner in [(0, 0), (639, 0), (0, 479), (639, 479), (320, 100), (320, 270)]:
        assert close_to(image.crop((*corner, corner[0] + 1, corner[1] + 1)), (208,) * 3, by=3)
    for marked in [(320, 240), (320 - 57, 240), (320, 240 - 57)]:
        assert close_to(image.crop((*marked, marked[0] + 1, marked[1] + 1)), (144,) * 3, by=8)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_arguments_give_the_same_bytes(format: str) -> None:
    assert draw_placeholder(format, 300, 200) == draw_placeholder(format, 300, 200)


@pytest.mark.parametrize("format", ["PNG", "GIF", "TIFF", "JPEG", "WEBP", "AVIF", "HEIF"])
def test_it_is_a_small_file(format: str) -> None:
    assert len(draw_placeholder(format, 2000, 1500)) < 60_000


def test_a_bitmap_takes_one_bit_a_pixel() -> None:
    assert len(draw_placeholder("BMP", 2000, 1500)) < 2000 * 1500 / 8 * 1.01 + 100


def test_a_multi_picture_file_gets_a_jpeg() -> None:
    assert draw_placeholder("MPO", 64, 48) == draw_placeholder("JPEG", 64, 48)


@pytest.mark.parametrize(
    ("format", "asked", "drawn"),
    [
        ("PNG", (60_000, 60_000), (7071, 7071)),
        ("JPEG", (60_000, 30_000), (10_000, 5_000)),
        ("WEBP", (20_000, 10), (16_383, 8)),
        ("GIF", (65_535, 1), (65_535, 1)),
        ("GIF", (70_000, 1), (65_535, 1)),
        ("JPEG", (70_000, 2), (65_500, 1)),
        ("BMP", (10**9, 1), (50_000_000, 1)),
    ],
)
def test_what_no_viewer_could_open_is_drawn_smaller(
    format: str, asked: tuple[int, int], drawn: tuple[int, int]
) -> None:
    header = probe(io.BytesIO(draw_placeholder(format, *asked)))
    assert header is not None
    assert (header.width, header.height) == drawn
    assert header.width * header.height <= MAX_PIXELS


@pytest.mark.parametrize("format", ["SVG", "png", "", "EPS"])
def test_an_unknown_format_is_refused(format: str) -> None:
    with pytest.raises(ValueError) as raised:
        draw_placeholder(format, 10, 10)
    assert str(raised.value) == (
        f"no placeholder in {format!r}; formats: JPEG, PNG, GIF, WEBP, AVIF, BMP, TIFF, HEIF"
    )


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 5)])
def test_a_size_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"^no placeholder of"):
        draw_placeholder("PNG", *size)


def test_pillow_reads_the_greys_of_the_bitmap() -> None:
    with Image.open(io.BytesIO(draw_placeholder("BMP", 64, 64))) as image:
        assert image.convert("RGB").getpixel((0, 0)) == (208, 208, 208)
