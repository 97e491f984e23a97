"""A moderated storage of objects, with the quarantine in a bucket beside it, on a real server."""

import io
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages as configured

from django_nsfw.checks.storages import check_quarantine, check_quarantine_works
from django_nsfw.contrib.stored_files.exceptions import FileRefused
from django_nsfw.contrib.stored_files.models import StoredFile
from django_nsfw.decisions import approve, reject
from django_nsfw.models import Scan
from django_nsfw.sweeping import sweep
from tests.conftest import picture, upload
from tests.s3.server import MEDIA, QUARANTINE
from tests.s3.storages import ToldS3
from tests.s3.visitors import fetch

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODY, OTHER = picture(seed=1), picture(seed=2)


@pytest.fixture(params=[True, False], ids=["overwriting", "not overwriting"])
def texts(request, s3, settings, constant):
    s3.empty()
    settings.STORAGES = settings.STORAGES | {
        "texts": {
            "BACKEND": "tests.contrib.stored_files.s3.storages.ModeratedS3Storage",
            "OPTIONS": s3.options(
                MEDIA,
                location="media",
                file_overwrite=request.param,
                policy={"reject": 0.95},
            ),
        },
        "nsfw_quarantine": {
            "BACKEND": "tests.s3.storages.ToldS3",
            "OPTIONS": s3.options(QUARANTINE),
        },
    }
    yield configured["texts"]
    for storage in (configured["texts"], configured["texts"].unmoderated):
        closing(storage)
    closing(configured["nsfw_quarantine"])


def closing(storage):
    connection = getattr(storage._connections, "connection", None)
    if connection is not None:
        connection.meta.client.close()


def lying(s3):
    return s3.files(MEDIA, "media/")


def read(storage, name):
    with storage.open(name) as file:
        return file.read()


def test_it_is_held_released_and_taken_down_behind_one_address(
    texts,
    s3,
    constant,
    client,
):
    constant.answer = 0.7
    name = texts.save("a/cat.jpg", upload(body=BODY))
    address = texts.url(name)
    assert (name, address) == ("a/cat.jpg", "/files/texts/a/cat.jpg")
    assert BODY not in lying(s3).values()
    assert list(s3.files(QUARANTINE).values()) == [BODY]

    def shown():
        answer = client.get(address)
        assert answer.status_code == 302
        return fetch(answer["Location"])

    placeholder = shown()
    assert placeholder == read(texts, name) != BODY
    scan = Scan.objects.get()
    approve(scan, moderator=None)
    assert shown() == read(texts, name) == BODY
    assert s3.files(QUARANTINE) == {}
    scan.refresh_from_db()
    reject(scan, moderator=None)
    assert (shown(), list(s3.files(QUARANTINE).values())) == (placeholder, [BODY])
    assert BODY not in lying(s3).values()
    assert list(sweep(older_than=timedelta(0))) == []
    texts.delete(name)
    assert (lying(s3), s3.files(QUARANTINE)) == ({}, {})


def test_nothing_is_overwritten_whatever_the_bucket_would_do(texts, s3):
    s3.client.put_object(Bucket=MEDIA, Key="media/old.jpg", Body=OTHER)
    names = [texts.save("image.jpg", upload(body=picture(seed=n))) for n in range(3)]
    assert [read(texts, name) for name in names] == [picture(seed=n) for n in range(3)]
    assert texts.save("old.jpg", upload(body=BODY)) != "old.jpg"
    assert lying(s3)["old.jpg"] == OTHER == read(texts, "old.jpg")
    assert set(texts.listdir("")[1]) == {
        *StoredFile.objects.values_list("name", flat=True),
        "old.jpg",
    }


def test_what_is_refused_never_reaches_the_bucket(texts, s3, constant):
    constant.answer = 0.97
    with pytest.raises(FileRefused, match="looks explicit"):
        texts.save("cat.jpg", upload(body=BODY))
    assert (lying(s3), s3.files(QUARANTINE)) == ({}, {})


def test_nobody_writes_into_an_object(texts):
    with pytest.raises(io.UnsupportedOperation):
        texts.open("cat.jpg", "wb")
    assert isinstance(texts.unmoderated, ToldS3)
    name = texts.unmoderated.save("plain.jpg", ContentFile(BODY))
    assert read(texts, name) == BODY


def test_the_quarantine_may_not_lie_in_its_bucket(texts, s3, settings):
    assert (check_quarantine(None), check_quarantine_works(None)) == ([], [])
    spec = settings.STORAGES["nsfw_quarantine"]
    inside = spec | {"OPTIONS": s3.options(MEDIA, location="media/held")}
    settings.STORAGES = settings.STORAGES | {"nsfw_quarantine": inside}
    assert [each.id for each in check_quarantine(None)] == ["django_nsfw.E002"]
    settings.STORAGES = settings.STORAGES | {"nsfw_quarantine": spec}
