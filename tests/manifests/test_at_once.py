"""Several imports at the same moment, in processes of their own, of the same rows."""

import json
import subprocess
import sys

import pytest

from django_nsfw.manifests.columns import SCORES
from django_nsfw.manifests.files import write
from django_nsfw.models import Scan
from tests.conftest import picture
from tests.folders import held, journalled, public
from tests.host.models import Photo
from tests.manifests.conftest import rows_of
from tests.rescans.conftest import site, template  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

ROWS = 40
SUSPICIOUS = 10


def import_at_once(site, *paths):  # noqa: F811
    """Exit code and counts of each."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "django", "nsfw_manifest", "import", path, "--format", "json"],
            env=site.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for path in paths
    ]  # fmt: skip
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        counts = {name: count for name, count in json.loads(out).items() if count}
        yield counts


@pytest.fixture
def files(site, stored, manifest, scores, tmp_path):  # noqa: F811
    """The same scores as one file, and as two of which each has the middle."""
    stored(*range(ROWS))
    site.pace()
    rows = manifest()
    site.pace(answer=0.8)
    suspicious = rows_of(scores(rows[:SUSPICIOUS]))
    site.pace()
    scored = suspicious + rows_of(scores(rows[SUSPICIOUS:]))
    write(scored, tmp_path / "all.jsonl", SCORES)
    write(scored[: ROWS * 3 // 4], tmp_path / "begin.jsonl", SCORES)
    write(scored[:4] + scored[ROWS // 4 :][::-1], tmp_path / "end.jsonl", SCORES)
    return tmp_path


@pytest.mark.parametrize(
    "names", [["all"] * 4, ["begin", "end"], ["end", "all", "begin"]], ids=" and ".join
)
def test_each_file_gets_one_scan_and_goes_where_it_must(site, files, names):  # noqa: F811
    counts = list(import_at_once(site, *(files / f"{name}.jsonl" for name in names)))
    scans = Scan.objects.current().order_by("pk")
    assert Scan.objects.count() == ROWS
    assert {scan.object_pk: scan.name for scan in scans} == {
        str(photo.pk): photo.image.name for photo in Photo.objects.all()
    }
    assert scans.filter(status="held").count() == SUSPICIOUS
    assert scans.filter(status="clear").count() == ROWS - SUSPICIOUS
    assert sorted(held()) == sorted(picture(seed=n) for n in range(SUSPICIOUS))
    assert len(public()) == ROWS
    assert journalled() == []
    assert sum(each.get("recorded", 0) for each in counts) == ROWS
    assert sum(each.get("taken_down", 0) for each in counts) == SUSPICIOUS
    taken = {"recorded", "rescored", "unchanged", "taken_down"}
    assert not set().union(*counts) - taken, counts
