import io
import zipfile

import pytest
from PIL import Image

from django_nsfw.exceptions import (
    ExtensionMismatch,
    NotAPicture,
    UnreadableImage,
    UnsupportedFormat,
)
from django_nsfw.images import (
    FORMATS,
    Header,
    check_extension,
    open_picture,
    probe,
    promises_picture,
    require_picture,
    sniffing,
)
from django_nsfw.images.sniffing import sniff
from django_nsfw.limits import Limits

from .drawing import encode, every_format, gif, ihdr, png, scene

FILES = every_format()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.png", FILES["PNG"])
    return out.getvalue()


OTHERS = {
    "empty": b"",
    "one byte": b"\xff",
    "text": b"Just some words.\n",
    "HTML": b"<!doctype html><html><body><img src=x></body></html>",
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "PDF": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "ZIP": zipped(),
    "EPS": encode(scene(), "EPS"),
    "PSD": b"8BPS\0\x01" + bytes(30),
    "FITS": b"SIMPLE  =                    T" + bytes(100),
    "ICO": encode(scene((32, 32)), "ICO"),
    "JPEG 2000": encode(scene(), "JPEG2000"),
    "PPM": encode(scene(), "PPM"),
    "TGA": encode(scene(), "TGA"),
    "BM, but no bitmap": b"BM" + b"x" * 60,
    "MP4": b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(64),
    "rubbish before a JPEG": b"\0" + FILES["JPEG"],
    "HTML before a GIF": b"<script>" + FILES["GIF"],
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS.keys())
def test_what_is_no_picture_of_the_allowlist_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat) as raised:
        open_picture(io.BytesIO(data), Limits())
    assert str(raised.value) == (
        "The file is no picture in a supported format "
        "(JPEG, PNG, GIF, WEBP, AVIF, BMP, TIFF, HEIF)."
    )
    assert raised.value.params == {"formats": "JPEG, PNG, GIF, WEBP, AVIF, BMP, TIFF, HEIF"}
    assert probe(io.BytesIO(data)) is None


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_opens_under_its_own_name(format: str) -> None:
    picture = open_picture(io.BytesIO(FILES[format]), Limits())
    assert (picture.format, picture.width, picture.height, picture.frames) == (format, 96, 72, 1)


@pytest.mark.parametrize("format", FORMATS)
def test_probe_reads_the_header_and_rewinds(format: str) -> None:
    file = io.BytesIO(FILES[format])
    file.seek(7)
    assert probe(file) == Header(format=format, width=96, height=72)
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (png(ihdr(60_000, 60_000)), Header(format="PNG", width=60_000, height=60_000)),
        (gif(65_535, 65_535, 1), Header(format="GIF", width=65_535, height=65_535)),
        (FILES["WEBP"][:40], Header(format="WEBP", width=96, height=72)),
        (FILES["PNG"][:40], Header(format="PNG", width=96, height=72)),
    ],
    ids=["PNG over the limits", "GIF over the limits", "WebP cut off", "PNG cut off"],
)
def test_probe_reads_headers_that_open_picture_refuses(data: bytes, header: Header) -> None:
    assert probe(io.BytesIO(data)) == header


@pytest.mark.parametrize("format", FORMATS)
def test_probe_returns_none_for_a_header_that_is_cut_off(format: str) -> None:
    assert probe(io.BytesIO(FILES[format][:9])) is None


def test_probe_returns_none_for_a_closed_file() -> None:
    file = io.BytesIO(FILES["PNG"])
    file.close()
    assert probe(file) is None


def test_a_plugin_of_the_host_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*args: object) -> None:
        raise AssertionError("the registry was asked")

    for format in FORMATS:
        monkeypatch.setitem(Image.OPEN, format, (asked, asked))
    for data in FILES.values():
        list(open_picture(io.BytesIO(data), Limits()).crops(input_side=32))


def test_heif_is_not_registered_with_pillow() -> None:
    open_picture(io.BytesIO(FILES["HEIF"]), Limits())
    assert "HEIF" not in Image.OPEN


def test_without_pillow_heif_a_heif_file_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    from django_nsfw.images import picture, sniffing

    less = {format: FORMATS[format] for format in FORMATS if format != "HEIF"}
    monkeypatch.setattr(sniffing, "FORMATS", less)
    monkeypatch.setattr(picture, "FORMATS", less)
    with pytest.raises(UnsupportedFormat, match=r"\(JPEG, PNG, GIF, WEBP, AVIF, BMP, TIFF\)"):
        open_picture(io.BytesIO(FILES["HEIF"]), Limits())


def test_a_decoder_that_pillow_was_built_without_is_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("PIL.AvifImagePlugin.SUPPORTED", False)
    with pytest.raises(UnsupportedFormat, match=r"^This Pillow was built without AVIF\.$"):
        open_picture(io.BytesIO(FILES["AVIF"]), Limits())


@pytest.mark.parametrize(
    ("brands", "format"),
    [
        ([b"avif"], "AVIF"),
        ([b"avis", b"msf1"], "AVIF"),
        ([b"mif1", b"avif", b"miaf"], "AVIF"),
        ([b"heic", b"mif1"], "HEIF"),
        ([b"mif1", b"heic"], "HEIF"),
        ([b"msf1", b"hevc"], "HEIF"),
        ([b"mif1"], "HEIF"),
        ([b"isom", b"mp42"], None),
        ([b"crx "], None),
    ],
)
def test_containers_are_told_apart_by_their_brands(brands: list[bytes], format: str | None) -> None:
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    head = (len(box) + 4).to_bytes(4, "big") + box
    assert sniff(head + b"\0\0\0\0metaavif") == format


@pytest.mark.parametrize("format", FORMATS)
def test_a_signature_with_nothing_behind_is_unreadable(format: str) -> None:
    with pytest.raises(UnreadableImage, match=f"^The {format} picture cannot be decoded") as raised:
        open_picture(io.BytesIO(FILES[format][:22]), Limits())
    assert raised.value.params == {"format": format}


@pytest.mark.parametrize(
    ("name", "format"),
    [
        *((f"a{extension}", format) for format in FORMATS for extension in FORMATS[format]),
        ("A.JPG", "JPEG"),
        ("a.b.PnG", "PNG"),
        ("x/y.z/a.gif", "GIF"),
        ("C:\\pictures\\a.webp", "WEBP"),
        ("a.jpg", "MPO"),
        ("a.mpo", "MPO"),
    ],
)
def test_the_extensions_of_a_format_pass(name: str, format: str) -> None:
    check_extension(name, format)


@pytest.mark.parametrize(
    ("name", "format", "extension", "message"),
    [
        (
            "a.png",
            "GIF",
            ".png",
            "The file name ends in “.png”, but the picture is GIF (.gif).",
        ),
        (
            "evil.HTML",
            "BMP",
            ".html",
            "The file name ends in “.html”, but the picture is BMP (.bmp, .dib).",
        ),
        (
            "a.png.svg",
            "PNG",
            ".svg",
            "The file name ends in “.svg”, but the picture is PNG (.png, .apng).",
        ),
        (
            "picture",
            "WEBP",
            "",
            "The file name has no extension, but the picture is WEBP (.webp).",
        ),
        (
            "x.tiff/picture",
            "TIFF",
            "",
            "The file name has no extension, but the picture is TIFF (.tif, .tiff).",
        ),
        (
            ".gif",
            "GIF",
            "",
            "The file name has no extension, but the picture is GIF (.gif).",
        ),
    ],
)
def test_another_extension_is_refused_with_both_names(
    name: str, format: str, extension: str, message: str
) -> None:
    with pytest.raises(ExtensionMismatch) as raised:
        check_extension(name, format)
    assert str(raised.value) == message
    assert raised.value.params == {"extension": extension, "format": format}


def test_the_file_is_read_from_the_start_and_left_there() -> None:
    file = io.BytesIO(FILES["JPEG"])
    file.seek(100)
    assert open_picture(file, Limits()).width == 96
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("name", "promised"),
    [
        ("a.jpg", True),
        ("A.PNG", True),
        ("folder.pdf\\a.heic", True),
        ("a.svg", True),
        ("a.ico", True),
        ("a.webp", True),
        ("a.pdf", False),
        ("a.png.zip", False),
        ("png", False),
        (".png", False),
        ("", False),
    ],
)
def test_a_name_promises_a_picture_or_does_not(name, promised):
    assert promises_picture(name) is promised


@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_what_begins_like_no_picture_is_none(body):
    with pytest.raises(NotAPicture, match=r"^The file is no picture in a "):
        require_picture(io.BytesIO(body))


def test_a_picture_that_cannot_be_read_here_is_one(monkeypatch):
    monkeypatch.setattr(sniffing, "FORMATS", {})
    file = io.BytesIO(b"\0\0\0\x18ftypheic" + bytes(12))
    assert sniff(file.getvalue()) is None
    require_picture(file)
    assert file.tell() == 0
