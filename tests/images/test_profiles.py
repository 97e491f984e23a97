"""Colour profiles and CMYK. The profiles are made here; none is copied from anywhere."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from django_nsfw.images.profiles import MAX_PROFILE_BYTES, to_srgb
from django_nsfw.scores import Ground

from .drawing import close_to, crops_of, encode, flat, scene

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def icc(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """An ICC 2.1 display profile of ``tags`` (ICC.1:2001-04, sections 6.1 and 6.2)."""
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = bytes(4) + b"test" + struct.pack(">I", 0x02100000) + kind + space + pcs
    header += struct.pack(">6H", 2025, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D) + bytes(48)
    profile = header + table + body
    return struct.pack(">I", len(profile)) + profile[4:]


def text(value: str) -> bytes:
    raw = value.encode() + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(raw)) + raw + bytes(78)


def xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))


def gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


# Red, green and blue of the two spaces in XYZ, brought to the white D50.
COLUMNS = [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7142)]
DISPLAY_P3 = [(0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)]


def rgb_profile(
    *,
    exponent: float = 2.2,
    swapped: bool = False,
    name: str = "made for a test",
    columns: list[tuple[float, float, float]] = COLUMNS,
) -> bytes:
    red, green, blue = columns
    if swapped:
        red, blue = blue, red
    curves = {tag: gamma(exponent) for tag in (b"rTRC", b"gTRC", b"bTRC")}
    return icc(
        b"RGB ",
        {
            b"desc": text(name), b"wtpt": xyz(0.9642, 1, 0.8249),
            b"rXYZ": xyz(*red), b"gXYZ": xyz(*green), b"bXYZ": xyz(*blue), **curves,
        },
    )  # fmt: skip


def cmyk_profile() -> bytes:
    """Grey inks, each as dark as the next, and a black one."""
    entries = bytearray()
    for corner in range(16):
        inks = [corner >> bit & 1 for bit in (3, 2, 1, 0)]
        light = 0 if inks[3] else 200 - 50 * sum(inks[:3])
        entries += bytes([light, 128, 128])
    identity = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    lut += struct.pack(">9i", *(0x10000 if i % 4 == 0 else 0 for i in range(9)))
    lut += identity * 4 + bytes(entries) + identity * 3
    return icc(b"CMYK", {b"desc": text("ink"), b"A2B0": lut}, pcs=b"Lab ")


def test_a_profile_is_applied() -> None:
    data = encode(scene(), "PNG", icc_profile=rgb_profile(swapped=True))
    crop, *_ = crops_of(data)
    source = ImageCms.ImageCmsProfile(BytesIO(rgb_profile(swapped=True)))
    wanted = ImageCms.profileToProfile(scene(), source, ImageCms.createProfile("sRGB"))
    assert wanted is not None
    assert crop.image.tobytes() == wanted.tobytes()
    assert crop.image.tobytes() != scene().tobytes()


def test_a_profile_that_hides_a_picture_in_the_dark_is_applied() -> None:
    shape = scene((64, 64), "L").point(lambda value: 100 + value // 16)
    data = encode(shape.convert("RGB"), "PNG", icc_profile=rgb_profile(exponent=0.2))
    crop, stored = crops_of(data)
    assert crop.image.convert("L").getextrema()[0] > 150
    # Thumbnails are made without the profile as a rule: what they show is looked at as well.
    assert (stored.ground, stored.image.tobytes()) == (Ground.RAW, shape.convert("RGB").tobytes())


def test_the_profile_of_a_camera_costs_no_second_crop() -> None:
    profile = rgb_profile(columns=DISPLAY_P3)
    (crop,) = crops_of(encode(scene(), "PNG", icc_profile=profile))
    assert crop.ground == Ground.OPAQUE
    assert crop.image.tobytes() != scene().tobytes()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF"])
def test_an_srgb_profile_changes_no_pixel(format: str) -> None:
    plain = crops_of(encode(scene(), format))[0]
    tagged = crops_of(encode(scene(), format, icc_profile=SRGB))[0]
    assert tagged.image.tobytes() == plain.image.tobytes()


def test_a_profile_that_only_calls_itself_srgb_is_applied() -> None:
    profile = rgb_profile(swapped=True, name="sRGB IEC61966-2.1")
    assert to_srgb(scene(), profile).tobytes() != scene().tobytes()


def test_a_grey_profile_is_applied() -> None:
    profile = icc(b"GRAY", {b"desc": text("g"), b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": gamma(1)})
    crop, *_ = crops_of(encode(flat(64, mode="L"), "PNG", icc_profile=profile))
    assert close_to(crop.image, (137, 137, 137), by=3)


def test_alpha_survives_a_profile() -> None:
    image = scene((64, 64)).convert("RGBA")
    image.putalpha(0)
    _, _, raw, _ = crops_of(encode(image, "PNG", icc_profile=rgb_profile(swapped=True)))
    opaque, _ = crops_of(encode(scene((64, 64)), "PNG", icc_profile=rgb_profile(swapped=True)))
    assert raw.image.tobytes() == opaque.image.tobytes()


@pytest.mark.parametrize(
    "profile",
    [
        b"x",
        b"not a profile" * 20,
        SRGB[:200],
        rgb_profile()[:150],
        bytes(4000),
        cmyk_profile(),
        rgb_profile(swapped=True) + bytes(MAX_PROFILE_BYTES),
    ],
    ids=["one byte", "text", "cut off", "cut off in the tags", "zeros", "for ink", "too large"],
)
def test_a_profile_that_does_not_fit_is_dropped(profile: bytes) -> None:
    (crop,) = crops_of(encode(scene(), "TIFF", icc_profile=profile))
    assert crop.image.tobytes() == scene().tobytes()


def test_without_littlecms_profiles_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "PIL.ImageCms", None)
    monkeypatch.delattr("PIL.ImageCms", raising=False)
    image = scene()
    assert to_srgb(image, rgb_profile(swapped=True)) is image


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile(format: str) -> None:
    for colour in [(255, 255, 255), (230, 40, 40), (30, 30, 200), (0, 0, 0)]:
        data = encode(flat(colour).convert("CMYK"), format)
        assert close_to(crops_of(data)[0].image, colour, by=6)


def test_cmyk_of_adobe_is_stored_inverted() -> None:
    data = encode(flat((250, 250, 250)).convert("CMYK"), "JPEG")
    assert b"Adobe" in data
    assert close_to(crops_of(data)[0].image, (250, 250, 250))


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_with_a_profile_is_brought_to_srgb_through_it(format: str) -> None:
    cyan = flat((255, 0, 0, 0), mode="CMYK")
    (plain,) = crops_of(encode(cyan, format))
    (crop,) = crops_of(encode(cyan, format, icc_profile=cmyk_profile()))
    assert close_to(plain.image, (0, 255, 255))
    source = ImageCms.ImageCmsProfile(BytesIO(cmyk_profile()))
    wanted = ImageCms.profileToProfile(
        cyan, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert wanted is not None
    assert close_to(crop.image, wanted.getpixel((3, 3)), by=3)
    red, green, blue = crop.image.getpixel((3, 3))
    assert red == pytest.approx(green, abs=3) == pytest.approx(blue, abs=3)


def test_cmyk_with_a_broken_profile_is_converted_without() -> None:
    data = encode(flat((230, 40, 40)).convert("CMYK"), "JPEG", icc_profile=b"broken" * 30)
    assert close_to(crops_of(data)[0].image, (230, 40, 40), by=6)


def test_the_grid_of_colours_that_is_tried_spans_all_levels() -> None:
    from django_nsfw.images.profiles import _grid

    values = np.asarray(_grid()).reshape(-1, 3)
    assert len(np.unique(values, axis=0)) == 33**3
    assert (values.min(), values.max()) == (0, 255)
    assert isinstance(_grid(), Image.Image)
