"""Fixtures that the whole suite shares: real files in a folder of the test's own."""

import io
import signal
from pathlib import Path

import numpy as np
import pytest
import skimage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image, ImageDraw, ImageFilter

from django_nsfw import assessment
from django_nsfw.detectors import detectors
from django_nsfw.registry import file_fields
from tests.detectors_for_tests import ConstantDetector

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """A shell that runs the suite in the background has it ignore Ctrl-C, with all it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def emptied_by_delete():
    """PostgreSQL: TRUNCATE makes new files for every table and index, which took most of the time.

    Its foreign keys are checked at the commit, so that the order does not matter.
    """

    def sql_flush(self, style, tables, *, reset_sequences=False, allow_cascade=False):
        return [f"DELETE FROM {self.quote_name(table)};" for table in tables]  # noqa: S608

    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "postgresql":
            patch.setattr(type(connection.ops), "sql_flush", sql_flush)
        yield


@pytest.fixture(autouse=True)
def storages(tmp_path, settings):
    """Media and quarantine in the test's own folder; nothing remembered from another test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = {
        **settings.STORAGES,
        "nsfw_quarantine": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "quarantine", "file_permissions_mode": 0o600},
        },
    }
    assessment.memo.clear()
    return tmp_path


@pytest.fixture
def gates(monkeypatch):
    """Of fields that only this test watches: a gate stays where it was put."""
    for _, field in file_fields():
        monkeypatch.setattr(field, "attr_class", field.attr_class)


@pytest.fixture
def constant(settings):
    """The detector whose score a test sets: ``constant.answer = 0.7``."""
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.ConstantDetector"},
    }
    ConstantDetector.answer = 0.0
    ConstantDetector.inferences = 0
    ConstantDetector.loads = 0
    yield ConstantDetector
    detectors.reset()


@pytest.fixture
def broken(settings):
    settings.NSFW_DETECTORS = {
        "default": {"BACKEND": "tests.detectors_for_tests.BrokenDetector"},
    }


def encode(image, format="JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def picture(width=96, height=64, *, seed=1, format="JPEG", **options) -> bytes:
    """A small harmless picture, another one for every seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (4, 6, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return encode(image, format, **options)


def upload(name="cat.jpg", body: bytes | None = None, **options) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(**options) if body is None else body)


def photograph(name="chelsea.png") -> bytes:
    """A free photograph that ships with scikit-image."""
    return (PHOTOGRAPHS / name).read_bytes()


def mistaken(size=480, seed=4) -> Image.Image:
    """Harmless, and the detector errs: blurred ellipses in the colours of sand before a sky."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (size, size), (150, 170, 200))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = map(int, rng.integers(size // 5, size * 4 // 5, 2))
        a, b = map(int, rng.integers(size // 8, size // 3, 2))
        shade = int(rng.integers(-18, 18))
        sand = (210 + shade, 160 + shade, 130 + shade)
        draw.ellipse((x - a, y - b, x + a, y + b), fill=sand)
    return image.filter(ImageFilter.GaussianBlur(size / 40))
