"""What a user installs: the wheel, built from this checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT],
        check=True,
        capture_output=True,
    )
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_it_is_named_for_the_package(wheel):
    assert Path(wheel.filename).name == "django_nsfw-0.1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    "name",
    [
        "django_nsfw/py.typed",
        "django_nsfw/templates/django_nsfw/notice.html",
        "django_nsfw/static/django_nsfw/admin.css",
        "django_nsfw/static/django_nsfw/vendor/chartjs/chart.umd.min.js",
        "django_nsfw/static/django_nsfw/vendor/chartjs/LICENSE.md",
        "django_nsfw/locale/ja/LC_MESSAGES/django.mo",
        "django_nsfw/migrations/0001_initial.py",
        "django_nsfw/management/commands/nsfw_scan.py",
        "django_nsfw/templatetags/nsfw.py",
        "django_nsfw-0.1.0.dist-info/licenses/LICENSE",
    ],
)
def test_it_contains(wheel, name):
    assert name in wheel.namelist()


def test_it_contains_every_file_of_the_package_and_nothing_else(wheel):
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "django_nsfw"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    shipped = {n for n in wheel.namelist() if not n.startswith("django_nsfw-0.1.0.dist-info/")}
    assert shipped == set(tracked)


def test_its_metadata_names_the_extras(wheel):
    metadata = wheel.read("django_nsfw-0.1.0.dist-info/METADATA").decode()
    extras = {
        line.removeprefix("Provides-Extra: ")
        for line in metadata.splitlines()
        if line.startswith("Provides-Extra: ")
    }
    assert extras == {
        "timm", "onnx", "opennsfw", "transformers", "remote", "storages", "tasks", "celery",
        "manifest", "pdq", "evaluate", "train", "rest", "wagtail", "filer", "export", "heif",
    }  # fmt: skip
    assert "License-Expression: MIT" in metadata


def test_pytest_finds_the_fixture_for_tests_of_others(wheel):
    points = wheel.read("django_nsfw-0.1.0.dist-info/entry_points.txt").decode()
    assert points.split() == ["[pytest11]", "django_nsfw", "=", "django_nsfw.pytest_plugin"]
