from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from django_nsfw.models import Run
from django_nsfw.rescans import runs, scoring, workers
from django_nsfw.rescans.selection import Selection
from django_nsfw.rescans.targets import find_targets
from tests.conftest import picture
from tests.host.models import Photo
from tests.rescans.site import Site, make_template, on_files


def stored(name="cat.jpg", body=None, *, seed=1, **values) -> Photo:
    """A row that names a file, both written straight: no gate, no signal, no scan."""
    body = picture(seed=seed) if body is None else body
    path = default_storage.path(name)
    default_storage.delete(name)
    if body != b"":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(body)
    return Photo.objects.bulk_create([Photo(image=name, width=96, height=64, **values)])[0]


def fill(number):
    """Photos so small that only the detector's pace counts."""
    for n in range(number):
        stored(f"{n}.png", picture(24, 24, seed=n, format="PNG"))


def rescan(*names, worker="test", stop=lambda: False, database=None, **options) -> Run:
    """A whole run in this process; its counts are in ``run.counts``."""
    targets = find_targets(names, database)
    selection = Selection(**options)
    selection.check(targets)
    run = runs.start(targets, selection)
    workers.work(run, worker=worker, stop=stop)
    run.refresh_from_db()
    return run


@pytest.fixture(autouse=True)
def quick(settings, monkeypatch):
    monkeypatch.setattr(scoring, "PAUSES", (0, 0, 0))
    settings.NSFW_BACKGROUND = {"lease": 11}


@pytest.fixture(scope="session")
def template(tmp_path_factory, django_db_setup, django_db_blocker):
    """Empty databases with every table, where the engine keeps them in files."""
    folder = tmp_path_factory.mktemp("template")
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock():
            make_template(folder)
    return folder


@pytest.fixture
def site(template, tmp_path, settings, transactional_db):
    """Processes of their own work on what the test sees."""
    settings.NSFW_DETECTORS = {
        "default": {
            "BACKEND": "tests.rescans.paced.PacedDetector",
            "OPTIONS": {"folder": str(tmp_path)},
        },
    }
    if connection.vendor != "sqlite":
        yield Site(tmp_path)
        return
    with on_files(template, tmp_path):
        yield Site(tmp_path)
