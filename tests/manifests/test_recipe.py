"""The recipe of the documentation on a local Ray of two workers, and back."""

import pytest

from tests.manifests.conftest import run
from tests.manifests.recipe import fill, needs_ray, ray, require_parity

pytestmark = [pytest.mark.django_db(transaction=True), needs_ray]


def test_on_local_files(tmp_path):
    site = fill()
    manifest, scores = tmp_path / "manifest.parquet", tmp_path / "scores"
    assert run("export", manifest, "host.Photo", unscanned=True)[2] == 0
    ray(manifest, scores, tmp_path)
    require_parity(site, scores)
