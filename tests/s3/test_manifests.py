"""Manifests of a site whose files lie on S3: where the bytes are."""

from urllib.parse import urlsplit

import pytest

from django_nsfw.manifests.scoring import download
from tests.conftest import picture, upload
from tests.host.models import Photo
from tests.manifests.conftest import rows_of, run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("media", ["s3", "shared"])
@pytest.mark.parametrize("presigned", [0, 600], ids=["s3 locations", "signed links"])
def test_every_location_leads_to_the_bytes(
    build, constant, credentials, monkeypatch, tmp_path, media, presigned
):
    site = build(media=media, quarantine=media)
    constant.answer = 0.1
    Photo.objects.create(image=upload("a “ü” b.jpg", seed=1))
    constant.answer = 0.8
    Photo.objects.create(image=upload("held.jpg", seed=2))
    if presigned:  # a link is all that a node needs
        for name in credentials:
            monkeypatch.delenv(name)
    run("export", tmp_path / "m.jsonl", presigned=presigned)
    rows = rows_of(tmp_path / "m.jsonl")
    assert [row["held"] for row in rows] == [False, True]
    for row, seed, role in zip(rows, (1, 2), ("media", "quarantine"), strict=True):
        place = urlsplit(row["location"])
        assert place.scheme == ("http" if presigned else "s3")
        if not presigned:
            assert place.netloc == site.bucket(role)
        assert ("X-Amz-Signature=" in place.query) == bool(presigned)
        assert download(row)["body"] == picture(seed=seed)


def test_a_link_is_signed_even_where_visitors_get_others(build, constant, tmp_path):
    build(media_domain=True, media_querystring_auth=False)
    constant.answer = 0.1
    Photo.objects.create(image=upload(seed=1))
    run("export", tmp_path / "m.jsonl", presigned=600)
    [row] = rows_of(tmp_path / "m.jsonl")
    assert "X-Amz-Expires=600" in row["location"]


def test_what_is_not_there_is_told_from_what_cannot_be_had(build, constant, credentials, tmp_path):
    site = build()
    constant.answer = 0.1
    photo = Photo.objects.create(image=upload(seed=1))
    run("export", tmp_path / "m.jsonl")
    [row] = rows_of(tmp_path / "m.jsonl")
    site.media.delete(photo.image.name)
    assert download(row)["missing"]
    elsewhere = {**row, "location": "s3://no-such-bucket/a.jpg"}
    found = download(elsewhere)
    assert (found["missing"], found["body"]) == (False, None)
    assert "NoSuchBucket" in found["trouble"]
