"""A site with django-filer: its storages in the test's own folder, and what lies there."""

import gc
import hashlib

import pytest
from filer.fields.multistorage_file import STORAGES, THUMBNAIL_STORAGES
from filer.models import File, Image

from tests.conftest import upload
from tests.folders import public, tree


def pytest_collection_modifyitems(items):
    """django-filer does not close the files that it takes sizes and checksums of."""
    for item in items:
        if "tests/contrib/filer" in str(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning"))
            item.add_marker(
                pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
            )


@pytest.fixture(autouse=True)
def private(storages, monkeypatch):
    """The private storages are built from the settings once and for all."""
    moved = {"files": STORAGES["private"], "thumbnails": THUMBNAIL_STORAGES["private"]}
    for folder, storage in moved.items():
        monkeypatch.setattr(storage, "_location", str(storages / "private" / folder))
    _forget_locations(moved.values())
    yield storages / "private"
    _forget_locations(moved.values())
    gc.collect()  # while its warnings are not errors


def _forget_locations(storages):
    for storage in storages:
        for cached in ("base_location", "location"):
            vars(storage).pop(cached, None)


@pytest.fixture
def kept(private):
    """Call it: name → bytes of everything in the public and the private storage."""
    return lambda: public() | tree(private / "files") | tree(private / "thumbnails")


def image(name="cat.jpg", body=None, **options):
    made = Image.objects.create(original_filename=name, file=upload(name, body), **options)
    return now(made)


def now(file):
    """As it is in the database."""
    return File.objects.get(pk=file.pk)


def facts(file):
    return file._file_size, file.sha1, file.width, file.height


def facts_of(body, width=96, height=64):
    return len(body), hashlib.sha1(body).hexdigest(), width, height  # noqa: S324
