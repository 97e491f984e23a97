"""Bombs: what a header claims is refused before a decoder acts on it."""

import io
import struct
import zlib

import pytest
from PIL import Image

from django_nsfw.exceptions import ImageTooLarge, UnreadableImage
from django_nsfw.images import open_picture
from django_nsfw.images.containers import MAX_ELEMENTS
from django_nsfw.images.picture import MAX_SCANS
from django_nsfw.limits import Limits

from .drawing import crops_of, encode, flat, gif, ihdr, png, png_chunks, scene, tiff


def refused(data: bytes, limits: Limits | None = None) -> ImageTooLarge:
    with pytest.raises(ImageTooLarge) as raised:
        crops_of(data, limits=limits)
    return raised.value


def vp8x(width: int, height: int) -> bytes:
    body = b"\0" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def jpeg_of(width: int, height: int) -> bytes:
    data = bytearray(encode(flat((9, 9, 9)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (png(ihdr(60_000, 60_000)), "pixels: 3,600,000,000 where 50,000,000"),
        (gif(65_535, 65_535, 1), "pixels: 4,294,836,225 where 50,000,000"),
        (vp8x(16_384, 16_384), "pixels: 268,435,456 where 50,000,000"),
        (jpeg_of(60_000, 60_000), "pixels: 3,600,000,000 where 50,000,000"),
        (png(ihdr(40_000, 1_000)), "side length: 40,000 where 30,000"),
        (png(ihdr(30_000, 1)), "aspect ratio: 30,000 where 16"),
        (png(ihdr(1, 17)), "aspect ratio: 17 where 16"),
        (gif(100, 100, 24_999 + 4_000), "pixels in all frames: 289,990,000 where 250,000,000"),
        (gif(1, 1, 100_000), "pixels in all frames: 409,600,000 where 250,000,000"),
    ],
    ids=[
        "PNG of 3.6 gigapixels",
        "GIF of 4.3 gigapixels",
        "WebP of 268 megapixels",
        "JPEG of 3.6 gigapixels",
        "long side",
        "line of pixels",
        "column of pixels",
        "many frames",
        "a hundred thousand frames of one pixel",
    ],
)
def test_a_bomb_is_refused_by_its_header(data: bytes, message: str) -> None:
    assert str(refused(data)) == f"The picture is over the limit on {message} are allowed."


def test_bytes_are_counted_before_they_are_read() -> None:
    class Unread(io.BytesIO):
        def read(self, *args: object) -> bytes:
            raise AssertionError("read")

    with pytest.raises(ImageTooLarge) as raised:
        open_picture(Unread(bytes(101)), Limits(max_bytes=100))
    assert str(raised.value) == (
        "The picture is over the limit on bytes: 101 where 100 are allowed."
    )
    assert raised.value.params == {"what": "bytes", "value": 101, "limit": 100}


def test_a_picture_at_the_limits_passes() -> None:
    data = encode(scene((64, 32)), "PNG")
    limits = Limits(max_bytes=len(data), max_pixels=2048, max_side=64)
    assert len(crops_of(data, limits=limits)) == 3


def test_the_lower_of_our_limit_and_that_of_pillow_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert refused(encode(scene((40, 40)), "PNG")).params == {
        "what": "pixels",
        "value": 1600,
        "limit": 1000,
    }
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert len(crops_of(encode(scene((40, 40)), "PNG"))) == 1


def test_the_limit_of_pillow_is_not_touched() -> None:
    before = Image.MAX_IMAGE_PIXELS
    refused(png(ihdr(60_000, 60_000)))
    crops_of(encode(scene(), "PNG"))
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_gif_frame_outside_the_screen_counts() -> None:
    data = bytearray(gif(10, 10, 2))
    second = data.rindex(b",")
    data[second + 1 : second + 9] = struct.pack("<HHHH", 60_000, 60_000, 1, 1)
    with pytest.raises(ImageTooLarge) as raised:
        open_picture(io.BytesIO(bytes(data)), Limits())
    assert raised.value.params["value"] == 60_001 * 60_001


def test_every_page_of_a_tiff_is_measured() -> None:
    data = tiff(flat((1, 2, 3), (20, 20)), flat((4, 5, 6), (200, 200)))
    assert refused(data, Limits(max_pixels=10_000)).params == {
        "what": "pixels",
        "value": 40_000,
        "limit": 10_000,
    }


def test_every_picture_of_a_heif_file_is_measured() -> None:
    data = encode(scene((64, 64)), "HEIF", append_images=[scene((300, 300))])
    assert refused(data, Limits(max_pixels=10_000)).params["value"] == 90_000


def test_the_pictures_of_a_file_are_added_up() -> None:
    data = tiff(flat((1, 2, 3), (10, 10)), flat((4, 5, 6), (300, 300)), flat(0, (300, 300)))
    error = refused(data, Limits(max_total_pixels=196_608 - 30_000))
    assert error.params["what"] == "pixels in all frames"
    assert crops_of(data, limits=Limits(max_total_pixels=196_608))


def test_a_chain_of_tiff_directories_that_loops_ends() -> None:
    data = bytearray(tiff(flat((1, 2, 3)), flat((4, 5, 6))))
    first = struct.unpack_from("<I", data, 4)[0]
    second = struct.unpack_from("<I", data, first + 2 + 12 * data[first])[0]
    struct.pack_into("<I", data, second + 2 + 12 * data[second], first)
    assert [crop.frame for crop in crops_of(bytes(data))] == [0, 1]


def test_tiff_directories_that_overlap_are_refused() -> None:
    entries = b"".join(struct.pack("<HHII", 256, 3, 1, 1) for _ in range(20))
    data = bytearray(b"II*\0" + struct.pack("<I", 8) + bytes(60) + entries)
    for number in range(10):  # each reads the entries that follow, and names the next
        struct.pack_into("<H", data, 8 + 2 * number, 15)
    with pytest.raises(UnreadableImage):
        crops_of(bytes(data))


def test_a_jpeg_of_too_many_scans_is_refused() -> None:
    data = encode(scene((32, 32)), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    assert crops_of(data[:-2] + b"\xff\xd9")
    assert refused(data[:at] + scan * (MAX_SCANS + 5) + b"\xff\xd9").params == {
        "what": "scans",
        "value": MAX_SCANS + 1,
        "limit": MAX_SCANS,
    }


def test_the_scans_of_every_picture_of_an_mpo_are_counted() -> None:
    second = scene((32, 32), seed=2)
    data = encode(scene((32, 32)), "MPO", save_all=True, append_images=[second])
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    assert len(crops_of(data)) == 2
    assert refused(data[:at] + scan * (MAX_SCANS + 1) + b"\xff\xd9").params["what"] == "scans"


def test_scan_markers_outside_the_picture_do_not_count() -> None:
    data = encode(scene((32, 32)), "JPEG", progressive=True)
    assert crops_of(data + b"\xff\xda" * 500)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"\xff\xd8\xff\xe0\0\x02" + b"\0" * 70_000 + encode(scene(), "JPEG")[2:],
            "ValueError: the header of the JPEG is mostly rubbish",
        ),
        (
            b"\xff\xd8" + b"\xff\xe5\0\x02" * (MAX_ELEMENTS + 1) + encode(scene(), "JPEG")[2:],
            "ValueError: the header of the JPEG is mostly rubbish",
        ),
        (
            png(ihdr(1, 1), *[(b"teSt", b"")] * MAX_ELEMENTS),
            f"ValueError: the PNG has more than {MAX_ELEMENTS} chunks",
        ),
        (
            gif(1, 1, 1, trailer=False) + b"!\xfe" + b"\x01 " * MAX_ELEMENTS + b"\0;",
            f"ValueError: the GIF has more than {MAX_ELEMENTS} blocks",
        ),
        (
            png(
                *png_chunks(encode(scene(), "PNG"))[:1],
                (b"iCCP", b"a\0\0" + zlib.compress(bytes(900_000))),
                (b"iCCP", b"a\0\0" + zlib.compress(bytes(900_000))),
            ),
            "ValueError: the PNG has more than one colour profile",
        ),
        (
            png(
                *png_chunks(encode(scene(), "PNG"))[:1],
                *[(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000)))] * 70,
            ),
            "ValueError: Too much memory used in text chunks: 68000000>MAX_TEXT_MEMORY",
        ),
        (
            gif(1, 1, 1, trailer=False) + b"!\xf9\0,;",
            "ValueError: an extension block of the GIF is empty",
        ),
    ],
    ids=[
        "rubbish between JPEG segments",
        "quarter of a million JPEG segments",
        "quarter of a million PNG chunks",
        "quarter of a million GIF blocks",
        "two colour profiles",
        "text that inflates",
        "ambiguous GIF extension",
    ],
)
def test_structures_that_keep_a_decoder_busy_are_unreadable(data: bytes, message: str) -> None:
    format = {b"\xff": "JPEG", b"\x89": "PNG", b"G": "GIF"}[data[:1]]
    with pytest.raises(UnreadableImage) as raised:
        crops_of(data)
    assert str(raised.value) == f"The {format} picture cannot be decoded ({message})."


@pytest.mark.parametrize("error", [Image.DecompressionBombError, Image.DecompressionBombWarning])
def test_what_pillow_calls_a_bomb_is_too_large(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def load(self: object) -> None:
        raise error("Image size (123 pixels) exceeds limit of 7 pixels, could be a bomb.")

    monkeypatch.setattr("PIL.BmpImagePlugin.BmpImageFile.load", load)
    assert refused(encode(scene(), "BMP")).params["value"] == 123
