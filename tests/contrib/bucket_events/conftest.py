"""A bucket, and links by which visitors put objects into it."""

import json
from urllib.request import Request, urlopen

import pytest
from django.urls import reverse

from tests.host.models import Avatar
from tests.s3.conftest import build, s3  # noqa: F401 - fixtures
from tests.s3.server import MEDIA

TOKEN = "the-new-token-of-the-bucket"


@pytest.fixture
def site(build, db):  # noqa: F811
    return build("s3", "s3")


@pytest.fixture
def put(site):
    """Uploads as a browser does, with a link that the site has signed."""

    def put(key: str, body: bytes) -> None:
        link = site.server.client.generate_presigned_url(
            "put_object", Params={"Bucket": MEDIA, "Key": key}, ExpiresIn=60
        )
        with urlopen(Request(link, data=body, method="PUT"), timeout=10) as answer:
            assert answer.status == 200

    return put


@pytest.fixture
def expected(site):
    """The row of an upload that the site expects under this key."""

    def expected(key: str) -> Avatar:
        return Avatar.objects.create(image=key)

    return expected


@pytest.fixture
def tell(client):
    def tell(message, *, token=f"Bearer {TOKEN}"):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return client.post(
            reverse("nsfw_bucket_events:receive"),
            body,
            content_type="application/json",
            headers={"Authorization": token} if token else {},
        )

    return tell


def counts(**found):
    return {"scanned": 0, "unnamed": 0, "elsewhere": 0, "failed": 0} | found


def link(site, key):
    return f"{site.server.endpoint}/{MEDIA}/{key}"


def of_s3(*keys: str, event: str = "ObjectCreated:Put", bucket: str = MEDIA) -> dict:
    """As Amazon S3 documents it; keys are encoded as in a query."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": event,
                "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1}},
            }
            for key in keys
        ]
    }
