"""Every mode that a file can give, transparency, and colour profiles."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from django_nsfw.exceptions import UnreadableImage
from django_nsfw.images.colour import to_pixels
from django_nsfw.scores import Ground

from .drawing import close_to, crops_of, encode, flat, ihdr, png, png_chunks, scene, tiff

SIDE = 64


def ramp(levels: int = 256) -> np.ndarray[Any, Any]:
    """A gradient from 0 to ``levels`` - 1 along the rows."""
    row = np.linspace(0, levels - 1, 256)
    return np.repeat(row[None, :], 64, axis=0)


def png16(samples: np.ndarray[Any, Any], colour: int, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG of 16 bits a sample: ``samples`` is height × width × channels."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return png(ihdr(width, height, 16, colour), *extra, (b"IDAT", zlib.compress(rows)))


def is_grey_ramp(image: Image.Image, by: int = 1) -> bool:
    values = np.asarray(image).astype(int)
    return bool((abs(values - np.round(ramp())[..., None]) <= by).all())


def tiff_with(samples: np.ndarray[Any, Any], **tags: int) -> bytes:
    """A grey TIFF written by hand; ``tags`` are the number of bits and the sample format."""
    raw = samples.tobytes()
    height, width = samples.shape
    entries = [
        (256, width), (257, height), (258, tags["bits"]), (259, 1), (262, 1), (273, 8),
        (277, 1), (278, height), (279, len(raw)), (339, tags.get("format", 1)),
    ]  # fmt: skip
    body = struct.pack("<H", len(entries))
    for tag, value in entries:
        body += struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value)
    return b"II*\0" + struct.pack("<I", 8 + len(raw)) + raw + body + bytes(4)


@pytest.mark.parametrize(
    "data",
    [
        png16(ramp(65536)[..., None], 0),
        png16(np.repeat(ramp(65536)[..., None], 3, axis=2), 2),
        png16(np.dstack([ramp(65536), np.full((64, 256), 65535)]), 4),
        png16(np.dstack([*[ramp(65536)] * 3, np.full((64, 256), 65535)]), 6),
        encode(Image.fromarray(ramp(65536).astype("<u2")), "TIFF"),
        encode(Image.fromarray(ramp(65536).astype("<u2")), "TIFF", compression="tiff_lzw"),
        tiff_with(ramp(65536).astype("<i4"), bits=32, format=2),
        tiff_with((ramp(65536) - 32768).astype("<i2"), bits=16, format=2),
        tiff_with((ramp(65536) / 65535).astype("<f4"), bits=32, format=3),
        tiff_with((ramp(65536) * 1e6 - 5).astype("<f4"), bits=32, format=3),
    ],
    ids=[
        "PNG grey",
        "PNG colour",
        "PNG grey and alpha",
        "PNG colour and alpha",
        "TIFF grey",
        "TIFF grey, compressed",
        "TIFF 32-bit integers",
        "TIFF 16-bit signed",
        "TIFF floats up to 1",
        "TIFF floats of any size",
    ],
)
def test_deep_samples_are_scaled_not_clipped(data: bytes) -> None:
    # 32-bit samples are stretched between their outer half percents: a level or two more.
    for crop in crops_of(data):
        image = crop.image
        break
    whole = Image.new("RGB", (256, 64))
    for crop in crops_of(data):
        whole.paste(crop.image, (64 * crop.tile, 0))
    assert image.mode == "RGB"
    assert is_grey_ramp(whole, by=3)


def test_a_12_bit_tiff_is_scaled_by_its_own_white() -> None:
    values = ramp(4096).astype(int)
    packed = bytearray()
    for a, b in values.reshape(-1, 2):
        packed += bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255])
    height, width = values.shape
    entries = [
        (256, width), (257, height), (258, 12), (259, 1), (262, 1), (273, 8),
        (277, 1), (278, height), (279, len(packed)),
    ]  # fmt: skip
    body = struct.pack("<H", len(entries))
    for tag, value in entries:
        body += struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value)
    data = b"II*\0" + struct.pack("<I", 8 + len(packed)) + bytes(packed) + body + bytes(4)
    whole = Image.new("RGB", (256, 64))
    for crop in crops_of(data):
        whole.paste(crop.image, (64 * crop.tile, 0))
    assert is_grey_ramp(whole)


def test_one_stray_sample_does_not_blacken_the_rest() -> None:
    values = ramp(256)
    values[0, 0] = 3e38
    values[1, 1] = np.nan
    pixels = to_pixels(Image.fromarray(values.astype("float32")))
    assert np.asarray(pixels.colour).std() > 60


@pytest.mark.parametrize("mode", ["I", "F"])
def test_flat_deep_pictures_are_converted(mode: str) -> None:
    assert to_pixels(flat(7, mode=mode)).colour.getextrema() == ((0, 0),) * 3


def test_the_key_of_a_16_bit_grey_png_is_compared_exactly() -> None:
    samples = np.full((SIDE, SIDE, 1), 0x8001)
    samples[:32] = 0x8000
    data = png16(samples, 0, (b"tRNS", struct.pack(">H", 0x8000)))
    white, black, raw = crops_of(data)
    assert white.image.getpixel((0, 0)) == (255, 255, 255)
    assert black.image.getpixel((0, 0)) == (0, 0, 0)
    assert {image.getpixel((0, 60)) for image in (white.image, black.image, raw.image)} == {
        (128, 128, 128)
    }


MODES = ["1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"]


@pytest.mark.parametrize("mode", MODES)
def test_every_opaque_mode_becomes_rgb(mode: str) -> None:
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(scene(), srgb, lab, outputMode="LAB")
        assert image is not None
    else:
        image = scene(mode=mode)
    pixels = to_pixels(image)
    assert (pixels.colour.mode, pixels.alpha) == ("RGB", None)
    reference = scene() if mode == "LAB" else image.convert("RGB")
    difference = np.abs(np.asarray(pixels.colour).astype(int) - np.asarray(reference))
    assert difference.mean() < 2


@pytest.mark.parametrize("mode", ["LA", "La", "RGBA", "RGBa", "PA"])
def test_every_mode_with_alpha_becomes_colours_and_alpha(mode: str) -> None:
    grey = mode in ("LA", "La")
    image = flat((90, 128) if grey else (90, 90, 90, 128), mode="LA" if grey else "RGBA")
    pixels = to_pixels(image.convert(mode))
    assert pixels.alpha is not None
    assert pixels.alpha.getextrema() == (128, 128)
    assert pixels.colour.mode == "RGB"
    assert close_to(pixels.colour, (90, 90, 90))


def test_a_mode_that_nobody_knows_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(image: Image.Image, **options: object) -> None:
        raise ValueError("conversion from XYZ to RGB not supported")

    monkeypatch.setattr("django_nsfw.images.colour.to_pixels", unknown)
    with pytest.raises(UnreadableImage, match="conversion from XYZ to RGB not supported"):
        crops_of(encode(scene(), "PNG"))


GROUNDS = [Ground.WHITE, Ground.BLACK, Ground.RAW]


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_transparency_is_laid_on_white_on_black_and_taken_away(format: str) -> None:
    image = flat((200, 40, 40, 128), mode="RGBA")
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    crops = crops_of(encode(image, format, **options))
    assert [crop.ground for crop in crops] == GROUNDS
    white, black, raw = (crop.image for crop in crops)
    assert close_to(white, (227, 147, 147), by=6)
    assert close_to(black, (100, 20, 20), by=6)
    assert close_to(raw, (200, 40, 40), by=6)


def test_a_picture_in_fully_transparent_colours_is_seen_raw() -> None:
    hidden = scene((SIDE, SIDE))
    image = hidden.convert("RGBA")
    image.putalpha(0)
    white, black, raw = crops_of(encode(image, "PNG"))
    assert white.image.getextrema() == ((255, 255),) * 3
    assert black.image.getextrema() == ((0, 0),) * 3
    assert raw.image.tobytes() == hidden.tobytes()


def test_a_picture_in_the_alpha_channel_is_seen_on_a_ground() -> None:
    shape = scene((SIDE, SIDE), "L")
    image = flat((0, 0, 0, 0), mode="RGBA")
    image.putalpha(shape)
    white, black, raw = crops_of(encode(image, "PNG"))
    assert white.image.tobytes() == shape.point(lambda v: 255 - v).convert("RGB").tobytes()
    assert black.image.getextrema() == raw.image.getextrema() == ((0, 0),) * 3


def test_an_alpha_channel_that_is_opaque_costs_nothing() -> None:
    (crop,) = crops_of(encode(scene((SIDE, SIDE)).convert("RGBA"), "PNG"))
    assert crop.ground == Ground.OPAQUE


def test_only_the_tiles_with_transparency_are_laid_on_grounds() -> None:
    image = scene((192, SIDE)).convert("RGBA")
    image.putpixel((190, 3), (1, 2, 3, 0))
    crops = crops_of(encode(image, "PNG"))
    assert [(crop.tile, crop.ground) for crop in crops] == [
        (0, Ground.OPAQUE),
        (1, Ground.OPAQUE),
        *((2, ground) for ground in GROUNDS),
    ]


@pytest.mark.parametrize(
    ("mode", "paint", "key", "shown"),
    [
        ("RGB", (10, 20, 30), (10, 20, 30), (10, 20, 30)),
        ("L", 77, 77, (77, 77, 77)),
        ("1", 255, 1, (255, 255, 255)),
    ],
)
def test_a_colour_that_stands_for_transparent(
    mode: str, paint: Any, key: Any, shown: tuple[int, int, int]
) -> None:
    image = flat(0, mode=mode)
    image.paste(paint, (0, 0, 32, 64))
    data = encode(image, "PNG", transparency=key)
    white, black, raw = (crop.image for crop in crops_of(data))
    assert white.getpixel((5, 5)) == (255, 255, 255)
    assert black.getpixel((5, 5)) == (0, 0, 0)
    assert raw.getpixel((5, 5)) == shown
    assert white.getpixel((60, 5)) == (0, 0, 0)


@pytest.mark.parametrize("key", [0, bytes([0, 128, 255])], ids=["one entry", "an alpha for each"])
def test_a_palette_with_transparent_entries(key: int | bytes) -> None:
    image = flat(0, mode="P")
    image.putpalette([200, 40, 40, 40, 200, 40, 40, 40, 200])
    image.paste(1, (16, 0, 32, 64))
    image.paste(2, (32, 0, 64, 64))
    crops = crops_of(encode(image, "PNG", transparency=key))
    assert [crop.ground for crop in crops] == GROUNDS
    white, black, raw = (crop.image for crop in crops)
    assert (white.getpixel((3, 3)), black.getpixel((3, 3))) == ((255,) * 3, (0,) * 3)
    assert raw.getpixel((3, 3)) == (200, 40, 40)
    assert white.getpixel((50, 3)) == black.getpixel((50, 3)) == (40, 40, 200)
    if isinstance(key, bytes):
        assert white.getpixel((20, 3)) != black.getpixel((20, 3))


def test_a_transparent_gif() -> None:
    image = flat(0, mode="P")
    image.putpalette([200, 40, 40, 40, 200, 40])
    image.paste(1, (32, 0, 64, 64))
    crops = crops_of(encode(image, "GIF", transparency=0))
    assert [crop.ground for crop in crops] == GROUNDS


def test_premultiplied_tiff_samples_are_divided() -> None:
    data = bytearray(tiff(flat((50, 50, 50, 128), mode="RGBA")))
    extra = data.index(struct.pack("<HHI", 338, 3, 1)) + 8
    data[extra : extra + 2] = struct.pack("<H", 1)  # associated alpha
    white, black, raw = (crop.image for crop in crops_of(bytes(data)))
    assert close_to(raw, (100, 100, 100))
    assert close_to(black, (50, 50, 50))
    assert close_to(white, (177, 177, 177))


def with_gamma(image: Image.Image, gamma: float, *extra: tuple[bytes, bytes]) -> bytes:
    head, *rest = png_chunks(encode(image, "PNG"))
    return png(head, *extra, (b"gAMA", struct.pack(">I", round(gamma * 100_000))), *rest)


def test_the_gamma_of_a_png_is_applied_and_what_it_hides_is_seen_too() -> None:
    image = flat(240, mode="L")
    shown, stored = crops_of(with_gamma(image, 0.02))
    assert [shown.ground, stored.ground] == [Ground.OPAQUE, Ground.RAW]
    assert close_to(shown.image, (64, 64, 64))  # 255 × (240 / 255) ^ (1 / (0.02 × 2.2))
    assert close_to(stored.image, (240, 240, 240))


@pytest.mark.parametrize(
    "data",
    [
        with_gamma(scene(), 0.45455),
        with_gamma(scene(), 0.02, (b"sRGB", b"\0")),
        with_gamma(scene(), 0),
    ],
    ids=["that of a screen", "sRGB comes first", "zero"],
)
def test_a_gamma_without_effect_costs_nothing(data: bytes) -> None:
    (crop,) = crops_of(data)
    assert crop.image.tobytes() == scene().tobytes()


def test_a_gamma_close_to_that_of_a_screen_is_applied_alone() -> None:
    (crop,) = crops_of(with_gamma(scene(), 0.5))
    assert crop.image.tobytes() != scene().tobytes()
