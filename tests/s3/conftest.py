"""An S3 server for the session, and sites whose media and quarantine lie on it or on disk."""

import os
import tempfile
from pathlib import Path

import pytest

if os.environ.get("CI", "").lower() != "true":  # there, absence is a failure
    pytest.importorskip("boto3", reason="the S3 tests need the dependency group `test`")
    pytest.importorskip("storages", reason="the S3 tests need the dependency group `test`")

from django_nsfw.manifests import fetching
from tests.s3.server import KEY, SECRET, CannotRun, Server
from tests.s3.sites import Site
from tests.s3.visitors import serving


@pytest.fixture(scope="session")
def s3():
    with tempfile.TemporaryDirectory(prefix="nsfw_s3_") as folder:  # short: sockets lie in it
        try:
            server = Server(Path(folder))
        except CannotRun as error:
            if os.environ.get("CI", "").lower() == "true":
                pytest.fail(f"CI=true and no S3 server: {error}", pytrace=False)
            pytest.skip(f"left out, no S3 server: {error}")
        yield server
        server.stop()


@pytest.fixture
def credentials(s3, monkeypatch):
    """What a node has in its environment."""
    environment = {
        "AWS_ENDPOINT_URL": s3.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    fetching._client.cache_clear()
    yield environment
    fetching._client().close()
    fetching._client.cache_clear()


@pytest.fixture
def build(s3, storages, settings, constant):
    """Makes a site of two places, empties it, and closes its connections afterwards."""
    sites = []

    def make(media="s3", quarantine="s3", **options):
        s3.empty()
        site = Site(s3, storages, settings, media=media, quarantine=quarantine, **options)
        sites.append(site)
        return site

    with serving(storages / "media") as address:
        settings.MEDIA_URL = f"http://{address}/"
        constant.answer = 0.8
        yield make
    for site in sites:
        site.close()
