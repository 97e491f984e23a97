"""Folders full of files: no validator is asked of what is imported, and the gate is."""

from pathlib import PurePath

import pytest
from django.core.management import call_command
from filer.models import File

from django_nsfw.models import Scan
from tests.conftest import picture
from tests.contrib.filer.doors import PDF, SVG
from tests.folders import held

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_folder_of_the_disk_that_is_imported(constant, tmp_path, kept):
    """Nobody is there who could be told: what would be refused waits for a moderator."""
    good = {f"import/cats/{at}.jpg": picture(48, 32, seed=at) for at in range(20)}
    bad = {
        "import/cats/half.jpg": picture(seed=30)[:-400],
        "import/cats/drawing.svg": SVG,
        "import/papers/cv.png": PDF,
        "import/papers/cat.pdf": picture(seed=31),
    }
    papers = {"import/papers/paper.pdf": PDF}
    for name, body in {**good, **bad, **papers}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(body)
    call_command("import_files", path=str(tmp_path / "import"), verbosity=0)
    where = {
        f"{file.folder.pretty_logical_path}/{file.original_filename}".lstrip("/"): file
        for file in File.objects.all()
    }
    assert set(where) == {*good, *bad, *papers}
    files = kept()
    assert {name for name, file in where.items() if files[file.file.name] in good.values()} == set(
        good
    )
    assert files[where["import/papers/paper.pdf"].file.name] == PDF
    assert sorted(held()) == sorted(bad.values())
    assert {
        PurePath(scan.original_name).name: scan.error_code
        for scan in Scan.objects.filter(status="held")
    } == {
        "half.jpg": "unreadable_image",
        "drawing.svg": "unsupported_format",
        "cv.png": "unsupported_format",
        "cat.pdf": "extension_mismatch",
    }
    assert Scan.objects.filter(status="clear").count() == len(good) + len(papers)
