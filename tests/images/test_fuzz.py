"""Damaged files: the outcome is crops or an ``ImageError``, and nothing else."""

import io
import random

import pytest
from PIL import Image

from django_nsfw.exceptions import ImageError
from django_nsfw.images import FORMATS, open_picture, probe
from django_nsfw.limits import Limits

from .drawing import encode, scene, tiff

LIMITS = Limits(max_pixels=250_000, max_total_pixels=1_000_000, max_frames_scored=3)
ROUNDS = {"AVIF": 120, "HEIF": 120}  # a decoder to be set up for each; 600 of the others


def seeds() -> dict[str, bytes]:
    """One small file for each format and for each of its ways to hold pictures."""
    first, second = scene((40, 30), seed=1), scene((40, 30), seed=2)
    many = {"save_all": True, "append_images": [second, first]}
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {format: encode(first, format) for format in FORMATS}
    files |= {f"{format} of three": encode(first, format, **many) for format in ("GIF", "WEBP")}
    files |= {
        "APNG": encode(first, "PNG", **many),
        "MPO": encode(first, "MPO", **many),
        "TIFF of three": tiff(first, second, first, compression="tiff_lzw"),
        "TIFF in JPEG": encode(first, "TIFF", compression="jpeg"),
        "PNG with a palette": encode(first.quantize(16), "PNG", transparency=3),
        "PNG with alpha": encode(first.convert("LA"), "PNG", exif=exif),
        "JPEG, progressive": encode(first, "JPEG", progressive=True, exif=exif),
        "JPEG in CMYK": encode(first.convert("CMYK"), "JPEG"),
        "BMP with a palette": encode(first.quantize(16), "BMP"),
        "AVIF of three": encode(first, "AVIF", **many),
    }
    return files


SEEDS = seeds()


def damaged(data: bytes, rng: random.Random) -> bytes:
    result = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        # Mostly in the first bytes, where the structure is.
        at = rng.randrange(min(len(result), rng.choice([64, 400, len(result)])))
        match rng.randrange(5):
            case 0:
                result[at] ^= 1 << rng.randrange(8)
            case 1:
                result[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 2:
                result[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])
            case 3:
                del result[at : at + rng.randrange(1, 30)]
            case 4:
                result[at:at] = result[at : at + rng.randrange(1, 30)]
        if len(result) < 30:
            break
    return bytes(result)


@pytest.mark.parametrize("strict", [True, False], ids=["warnings are errors", "or not"])
@pytest.mark.parametrize("name", SEEDS)
def test_nothing_else_escapes(name: str, strict: bool, recwarn: pytest.WarningsRecorder) -> None:
    if not strict:
        import warnings

        warnings.simplefilter("ignore")
    rng = random.Random(f"{name} {strict}")
    opened = failed = 0
    for _ in range(ROUNDS.get(name.split()[0], 600) // 2):
        data = damaged(SEEDS[name], rng)
        probe(io.BytesIO(data))
        try:
            for crop in open_picture(io.BytesIO(data), LIMITS).crops(input_side=16, rng=rng):
                assert crop.image.mode == "RGB"
                crop.image.load()
            opened += 1
        except ImageError as error:
            assert str(error)
            failed += 1
    assert opened
    assert failed


@pytest.mark.parametrize("name", SEEDS)
def test_every_prefix_of_a_file_is_crops_or_an_error(name: str) -> None:
    data = SEEDS[name]
    for length in range(0, len(data), max(1, len(data) // 40)):
        try:
            list(open_picture(io.BytesIO(data[:length]), LIMITS).crops(input_side=16))
        except ImageError:
            continue


@pytest.mark.parametrize("format", FORMATS)
def test_random_bytes_after_a_signature(format: str) -> None:
    rng = random.Random(format)
    for _ in range(40):
        data = SEEDS[format][:16] + rng.randbytes(rng.randrange(1, 400))
        with pytest.raises(ImageError):
            list(open_picture(io.BytesIO(data), LIMITS).crops(input_side=16))
