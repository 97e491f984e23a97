"""Stills: orientation, reduced scale, truncation, and that nothing else changes the pixels."""

import io
import math
import random
import struct

import pytest
from PIL import Image, ImageOps

from django_nsfw.exceptions import UnreadableImage
from django_nsfw.images import FORMATS, open_picture
from django_nsfw.limits import Limits

from .drawing import crops_of, encode, every_format, scene

FILES = every_format()


def oriented(format: str, orientation: int) -> bytes:
    image = scene((96, 72))
    exif = image.getexif()
    exif[0x0112] = orientation
    return encode(image, format, exif=exif)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_crops_are_upright(format: str, orientation: int) -> None:
    data = oriented(format, orientation)
    (crop,) = crops_of(data)
    with Image.open(io.BytesIO(data)) as reference:
        reference.load()
        upright = ImageOps.exif_transpose(reference).convert("RGB")
    assert crop.image.size == upright.size
    assert crop.image.tobytes() == upright.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heif_file_is_turned_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    # The file says it twice: in its own terms, which count, and in the EXIF block.
    (crop,) = crops_of(encode(scene((96, 72)), "HEIF", exif=exif.tobytes(), quality=95))
    image = scene((96, 72))
    image.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(image)
    assert crop.image.size == upright.size
    corners = [(4, 4), (upright.width - 5, 4), (4, upright.height - 5)]
    for corner in corners:
        got, wanted = crop.image.getpixel(corner), upright.getpixel(corner)
        assert all(abs(a - b) < 24 for a, b in zip(got, wanted, strict=True))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(value: int) -> None:
    image = scene()
    exif = image.getexif()
    exif[0x0112] = value
    (crop,) = crops_of(encode(image, "PNG", exif=exif))
    assert crop.image.tobytes() == image.tobytes()


@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0" + bytes(40), b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"],
    ids=["zeros", "offset outside", "cut off"],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_a_broken_exif_block_does_not_turn_a_picture(exif: bytes) -> None:
    image = scene()
    assert crops_of(encode(image, "JPEG", exif=exif))[0].image.size == image.size


def test_the_size_of_a_picture_is_the_stored_one() -> None:
    for format in ("JPEG", "PNG", "WEBP"):
        picture = open_picture(io.BytesIO(oriented(format, 6)), Limits())
        assert (picture.width, picture.height) == (96, 72)


@pytest.mark.parametrize("seed", range(60))
def test_a_jpeg_is_never_decoded_below_one_and_a_half_times_the_input(seed: int) -> None:
    rng = random.Random(seed)
    side = rng.choice([16, 32, 33, 48])
    short = rng.randint(1, 700)
    long = min(int(short * rng.uniform(1, 4)), 16 * short)
    size = (short, long) if rng.random() < 0.5 else (long, short)
    image = Image.new("RGB", size, (9, 99, 199))
    (first, *_) = crops_of(encode(image, "JPEG"), input_side=side)
    decoded = min(first.image.size)
    assert decoded >= min(short, math.ceil(1.5 * side))
    # No less can be had from the decoder, whose scales are 1, 1/2, 1/4 and 1/8.
    scale = math.floor(short / math.ceil(1.5 * side))
    factor = max(f for f in (1, 2, 4, 8) if f <= max(scale, 1))
    assert decoded == math.ceil(short / factor)


@pytest.mark.parametrize("seed", range(10))
def test_tiles_of_a_jpeg_are_decoded_at_the_same_scale(seed: int) -> None:
    rng = random.Random(seed)
    short, side = rng.randint(200, 500), 32
    crops = crops_of(encode(Image.new("RGB", (short * 3, short)), "JPEG"), input_side=side)
    assert {crop.image.width for crop in crops} == {crop.image.height for crop in crops}
    assert min(crops[0].image.size) >= 1.5 * side


@pytest.mark.parametrize("format", FORMATS)
def test_where_nothing_is_reduced_the_pixels_are_those_of_pillow(format: str) -> None:
    data = FILES[format]
    (crop,) = crops_of(data)
    if format == "HEIF":
        import pillow_heif

        reference = pillow_heif.open_heif(io.BytesIO(data)).to_pillow()
    else:
        reference = Image.open(io.BytesIO(data))
    with reference:
        assert crop.image.mode == "RGB"
        assert crop.image.tobytes() == reference.convert("RGB").tobytes()


def test_only_jpeg_is_decoded_at_a_reduced_scale() -> None:
    for format in FORMATS:
        (crop,) = crops_of(encode(scene((640, 480)), format), input_side=32)
        assert crop.image.size == ((80, 60) if format == "JPEG" else (640, 480))


def test_what_is_read_at_a_reduced_scale_looks_like_the_whole() -> None:
    image = scene((640, 480))
    data = encode(image, "JPEG", quality=95)
    side = (64, 48)
    (crop,) = crops_of(data, input_side=40)
    got = crop.image.resize(side, Image.Resampling.BICUBIC)
    wanted = Image.open(io.BytesIO(data)).convert("RGB").resize(side, Image.Resampling.BICUBIC)
    errors = [abs(a - b) for a, b in zip(got.tobytes(), wanted.tobytes(), strict=True)]
    assert sum(errors) / len(errors) < 1


@pytest.mark.parametrize("format", FORMATS)
def test_a_truncated_file_is_unreadable(format: str) -> None:
    data = encode(scene((200, 150)), format)
    for keep in (0.3, 0.6, 0.9):
        with pytest.raises(UnreadableImage, match=f"^The {format} picture cannot be decoded"):
            crops_of(data[: int(len(data) * keep)])


class Halting(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [OSError("x"), SyntaxError("x"), ValueError("x"), IndexError("x"), KeyError("x"),
     struct.error("x"), MemoryError("x"), RecursionError("x"), SystemError("x"), EOFError("x"),
     TypeError("x"), ZeroDivisionError("x"), OverflowError("x"), Halting("x")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.parametrize("method", ["_open", "load"])
def test_whatever_a_decoder_raises_is_unreadable(
    monkeypatch: pytest.MonkeyPatch, error: Exception, method: str
) -> None:
    def fail(self: object) -> None:
        raise error

    monkeypatch.setattr(f"PIL.BmpImagePlugin.BmpImageFile.{method}", fail)
    with pytest.raises(UnreadableImage) as raised:
        crops_of(FILES["BMP"])
    assert str(raised.value).startswith("The BMP picture cannot be decoded (")
    assert raised.value.params == {"format": "BMP"}


def test_an_interrupt_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("PIL.BmpImagePlugin.BmpImageFile.load", fail)
    with pytest.raises(KeyboardInterrupt):
        crops_of(FILES["BMP"])


def test_what_the_storage_raises_says_nothing_of_the_picture() -> None:
    class Gone(io.BytesIO):
        def read(self, *args: object) -> bytes:
            raise ConnectionResetError("storage")

    with pytest.raises(ConnectionResetError):
        open_picture(Gone(FILES["PNG"]), Limits())


def test_no_plugin_is_loaded_that_no_file_needs() -> None:
    import subprocess
    import sys

    code = (
        "import sys, django_nsfw.images; "
        "print(sorted(m for m in sys.modules if m.endswith('ImagePlugin') "
        "or m.split('.')[0] in ('numpy', 'django', 'pillow_heif')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
