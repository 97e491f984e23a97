"""The pictures that moderators see: bounded, without metadata, blurred until nothing is left."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from django_nsfw.conf import BLURS
from django_nsfw.exceptions import ImageTooLarge, UnreadableImage
from django_nsfw.images import blurred, bounded, open_picture
from django_nsfw.images.rendering import BLURRED_SIDE, CELLS, LONGER, SHORTER
from django_nsfw.limits import Limits
from django_nsfw.scores import Ground
from tests.conftest import photograph
from tests.images.drawing import close_to, encode, every_format, flat, scene

COORDINATES = b"48.2082 N 16.3738 E"


def opened(data, limits=None):
    return open_picture(io.BytesIO(data), limits or Limits())


def seen(body) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    assert image.format == "WEBP"
    assert not getattr(image, "is_animated", False)
    return image.convert("RGB")


def revealed(data, **options) -> Image.Image:
    return seen(bounded(opened(data), greyscale=False, **options))


def hidden(data, strength=2, **options) -> Image.Image:
    return seen(blurred(opened(data), strength=strength, greyscale=False, **options))


def with_location(image) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = COORDINATES.decode()  # ImageDescription
    exif[0x0112] = 6  # turn by 90 degrees to the right
    exif.get_ifd(0x8825)[1] = "N"  # GPSInfo
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    body = encode(image, "JPEG", exif=exif, icc_profile=profile, comment=COORDINATES)
    return body + COORDINATES  # and behind the end of the picture


def animation(format):
    """Five frames, all of them blue but the fourth, which is red."""
    frames = [flat((20 + i, 20, 200 - 3 * i)) for i in range(5)]
    frames[3] = flat((173, 20, 23))
    options = {"lossless": True} if format == "WEBP" else {}
    return encode(
        frames[0], format, save_all=True, append_images=frames[1:], duration=40, **options
    )


@pytest.mark.parametrize(("format", "data"), every_format().items(), ids=every_format())
def test_every_format_is_shown(format, data):
    assert revealed(data).size == (96, 72)
    assert hidden(data).size == (96, 72)


def test_nothing_of_the_file_comes_along_and_the_picture_is_upright():
    source = scene((96, 64))
    data = with_location(source)
    assert data.count(COORDINATES) == 3
    for body in (
        bounded(opened(data), greyscale=False),
        blurred(opened(data), strength=1, greyscale=False),
    ):
        assert COORDINATES not in body
        assert not {b"EXIF", b"XMP ", b"ICCP"} & {body[at : at + 4] for at in range(len(body))}
        image = Image.open(io.BytesIO(body))
        assert image.size == (64, 96)
        assert not image.getexif()
        assert "icc_profile" not in image.info
    turned = source.transpose(Image.Transpose.ROTATE_270)
    difference = np.abs(np.asarray(revealed(data), int) - np.asarray(turned, int))
    assert difference.mean() < 8


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((4000, 3000), (LONGER, 960)),
        ((3000, 3000), (LONGER, LONGER)),
        ((400, 6400), (400, 6400)),
        ((900, 9000), (SHORTER, 6400)),
        ((50, 40), (50, 40)),
        ((1, 1), (1, 1)),
    ],
    ids=str,
)
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_what_is_revealed_is_bounded_and_strips_stay_to_be_seen(size, shown, format):
    assert revealed(encode(flat("olive", size), format)).size == shown


@pytest.mark.parametrize("size", [(4000, 3000), (900, 9000), (50, 40), (1, 1)], ids=str)
@pytest.mark.parametrize("strength", BLURS)
def test_what_is_blurred_is_small(size, strength):
    image = hidden(encode(flat("olive", size), "JPEG"), strength)
    assert max(image.size) == min(max(size), BLURRED_SIDE)


@pytest.mark.parametrize("strength", BLURS)
def test_a_blur_keeps_only_patches_whatever_is_done_to_sharpen_it(strength):
    """A picture that is all detail leaves nothing but its mean colour."""
    rng = np.random.default_rng(1)
    side = CELLS[strength] * 24
    pixels = np.full((side, side, 3), 128, np.uint8)
    noise = rng.integers(-90, 90, (side // 2, side // 2, 1))
    # In each 2 × 2 the details add up to nothing.
    detail = np.kron(noise, np.array([[1, -1], [-1, 1]])[..., None]).astype(int)
    detailed = encode(Image.fromarray((pixels + detail).clip(0, 255).astype(np.uint8)), "PNG")
    assert np.asarray(revealed(detailed)).std() > 30
    shown = np.asarray(hidden(detailed, strength), int)
    assert abs(shown - 128).max() <= 2


def test_a_stronger_blur_leaves_less():
    whole = np.asarray(revealed(photograph())).std()
    left = [np.asarray(hidden(photograph(), strength)).std() for strength in BLURS]
    assert [whole, *left] == sorted([whole, *left], reverse=True)
    edges = [np.abs(np.diff(np.asarray(hidden(photograph(), s), int), axis=1)).max() for s in BLURS]
    assert max(edges) < 24


def test_without_colours():
    for body in (
        bounded(opened(photograph()), greyscale=True),
        blurred(opened(photograph()), strength=2, greyscale=True),
    ):
        red, green, blue = np.moveaxis(np.asarray(seen(body), int), 2, 0)
        assert max(abs(red - green).max(), abs(green - blue).max()) <= 2
    assert np.ptp(np.asarray(revealed(photograph()), int), axis=2).max() > 50


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_frame_that_is_asked_for_is_shown(format):
    data = animation(format)
    assert close_to(revealed(data, frame=3), (173, 20, 23), 12)
    assert close_to(hidden(data, frame=3), (173, 20, 23), 12)
    assert close_to(revealed(data, frame=0), (20, 20, 200), 12)
    assert close_to(revealed(data, frame=4), (24, 20, 188), 12)


@pytest.mark.parametrize("frame", [-1, 5, 10**9])
def test_a_frame_that_is_not_there_is_an_error_of_the_picture(frame):
    with pytest.raises(UnreadableImage):
        bounded(opened(animation("GIF")), frame=frame, greyscale=False)


def test_transparency_is_shown_as_it_scored_worst_and_on_a_checkerboard_otherwise():
    image = Image.new("RGBA", (200, 200), (250, 120, 10, 0))
    data = encode(image, "PNG")
    assert close_to(revealed(data, ground=Ground.WHITE), (255, 255, 255))
    assert close_to(revealed(data, ground=Ground.BLACK), (0, 0, 0))
    assert close_to(revealed(data, ground=Ground.RAW), (250, 120, 10), 8)
    board = np.asarray(revealed(data).convert("L"))
    assert board.min() < 0xD0 < 0xE8 < board.max()


def test_cmyk_and_sixteen_bits():
    cmyk = ImageOps.posterize(flat((200, 40, 40)), 4).convert("CMYK")
    assert close_to(revealed(encode(cmyk, "JPEG")), (200, 40, 40), 16)
    deep = Image.fromarray(np.full((64, 64), 40_000, np.uint16))
    assert close_to(revealed(encode(deep, "PNG")), (155, 155, 155), 3)


def test_broken_and_huge_files_are_errors_of_the_picture():
    with pytest.raises(UnreadableImage):
        bounded(opened(photograph()[:3000]), greyscale=False)
    with pytest.raises(ImageTooLarge):
        opened(encode(flat("olive", (300, 300)), "PNG"), Limits(max_pixels=1000))
