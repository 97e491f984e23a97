"""The recipe of the documentation as a process, and what must come of it."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from django.core.files.base import ContentFile

from django_nsfw import assessment
from django_nsfw.assessment import assess
from django_nsfw.manifests.columns import SCORES
from django_nsfw.models import Scan
from tests.conftest import PHOTOGRAPHS, encode, mistaken
from tests.documentation import ROOT
from tests.host.models import Photo
from tests.manifests.conftest import counted, rows_of

WHEELS = sys.version_info < (3, 15)
"""Whether there is a Ray for this Python; the group `test` says the same."""

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None and not (WHEELS and os.environ.get("CI", "").lower() == "true"),
    reason="needs Ray, of the dependency group `test`",
)

PICTURES = ("chelsea.png", "coffee.png", "rocket.jpg", "retina.jpg", "astronaut.png")


def ray(manifest, scores, home, **environment):
    """Two workers, each a process of its own with a detector of its own."""
    done = subprocess.run(
        [
            sys.executable, ROOT / "docs" / "recipes" / "ray_scores.py",
            manifest, scores, "--workers=2", "--cpus=0.5", "--block=4",
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),  # Ray keeps a key there
            "RAY_USAGE_STATS_ENABLED": "0",
            "DATABASE_URL": "sqlite:////nowhere/at/all",  # no node needs one
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-5000:]


def fill():
    """Stored pictures of which one is to be held, a broken one, a file that is gone, one held."""
    storage = Photo._meta.get_field("image").storage
    bodies = {name: (PHOTOGRAPHS / name).read_bytes() for name in PICTURES}
    bodies["mistaken.png"] = encode(mistaken(), "PNG")
    bodies["broken.jpg"] = bodies["rocket.jpg"][:2000]
    names = {
        storage.save(f"photos/{name}", ContentFile(body)): body for name, body in bodies.items()
    }
    objects = [Photo(image=name, width=1, height=1) for name in [*names, "photos/gone.jpg"]]
    Photo.objects.bulk_create(objects)
    return names


def require_parity(site, scores, **more):
    """Import, and compare with what this process says of the same bytes.

    ``more``: what the import counts besides.
    """
    rows = {row["name"]: row for row in rows_of(scores)}
    assert {tuple(row) for row in rows.values()} == {tuple(SCORES)}
    assert rows["photos/gone.jpg"]["error_code"] == "missing"
    broken = next(name for name in site if "broken" in name)
    assert rows[broken]["error_code"] == "unreadable_image"
    counts, code = counted(scores)
    assert counts == {"recorded": len(site), "taken_down": 2, "missing": 1, **more}
    assert code == 1  # one file is missing
    assessment.memo.clear()
    for scan in Scan.objects.filter(original_name__in=site):
        here = assess(ContentFile(site[scan.original_name]))
        there = scan.assessment
        assert (there.sha256, there.size, there.format) == (here.sha256, here.size, here.format)
        if here.failure is not None:
            assert (there.failure.code, scan.status) == (here.failure.code, "held")
            continue
        assert there.detector == here.detector
        assert [(c.frame, c.tile, c.ground) for c in there.crops] == [
            (c.frame, c.tile, c.ground) for c in here.crops
        ]
        for mine, theirs in zip(here.crops, there.crops, strict=True):
            assert theirs.scores.labels == pytest.approx(mine.scores.labels, abs=1e-5)
        assert there.perceptual == here.perceptual or not here.perceptual.pdq
        assert scan.status == ("held" if here.nsfw >= 0.5 else "clear")
    assert {scan.original_name for scan in Scan.objects.filter(status="held")} == {
        broken, next(name for name in site if "mistaken" in name),
    }  # fmt: skip
    again, _ = counted(scores)
    assert again == {"unchanged": len(site) + more.get("released", 0), "missing": 1}
