"""The recipe of the documentation with media and quarantine on S3."""

from urllib.parse import urlsplit

import pytest

from django_nsfw.models import Scan
from tests.conftest import photograph, upload
from tests.host.models import Photo
from tests.manifests.conftest import rows_of, run
from tests.manifests.recipe import fill, needs_ray, ray, require_parity

pytestmark = [pytest.mark.django_db(transaction=True), needs_ray]


def test_the_recipe(build, constant, settings, credentials, tmp_path):
    """A held picture is among them: it is scored where it lies, and released."""
    site = build()
    real = {"default": {"BACKEND": "django_nsfw.detectors.onnx.OpenNSFWDetector"}}
    Photo.objects.create(image=upload("cat.png", photograph()))
    assert Scan.objects.get().status == "held"
    settings.NSFW_DETECTORS = real
    pictures = fill()
    manifest, scores = tmp_path / "manifest.parquet", tmp_path / "scores"
    assert run("export", manifest, "host.Photo", unscanned=True, outdated=True)[2] == 0
    assert {urlsplit(row["location"]).scheme for row in rows_of(manifest)} == {"s3"}
    ray(manifest, scores, tmp_path, **credentials)
    require_parity(pictures, scores, rescored=1, released=1)
    assert photograph() in site.files("media").values()
    assert photograph() not in site.files("quarantine").values()
