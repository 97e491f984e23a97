"""An S3 server for the session, and sites whose media and quarantine lie on it or on disk."""

import os
import tempfile
from pathlib import Path

import pytest

if os.environ.get("CI", "").lower() != "true":  # there, absence is a failure
    pytest.importorskip("boto3", reason="the S3 tests need the dependency group `test`")
    pytest.importorskip("storages", reason="the S3 tests need the dependency group `test`")

from tests.s3.server import CannotRun, Server
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
