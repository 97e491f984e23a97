"""How often the bytes of a large file cross the wire, counted at the client of the storage."""

import tracemalloc
from collections import Counter

import pytest
from boto3.s3.transfer import TransferConfig
from django.core.files.base import ContentFile

from django_nsfw.decisions import approve, reject
from django_nsfw.exceptions import PictureNotShown
from django_nsfw.models import Scan
from django_nsfw.renditions import revealed
from tests.drawn import noise
from tests.host.models import Photo

pytestmark = pytest.mark.django_db(transaction=True)

BODY = noise(1820, 1820, seed=9)
"""Just below the ten megabytes of ``NSFW_LIMITS["max_bytes"]``."""


class Traffic:
    """Requests by name, and the bytes of bodies that were fetched."""

    def __init__(self, storage):
        self.requests, self.fetched = Counter(), 0
        storage.connection.meta.client.meta.events.register("after-call.s3", self._count)

    def _count(self, model, parsed, **_):
        self.requests[model.name] += 1
        if model.name == "GetObject":
            self.fetched += parsed["ContentLength"]


@pytest.fixture
def site(build):
    parts = TransferConfig(
        multipart_threshold=5 << 20, multipart_chunksize=5 << 20, use_threads=False
    )
    return build(
        quarantine_max_memory_size=1_000_000,
        quarantine_transfer_config=parts,
        media_transfer_config=parts,
        media_max_memory_size=1_000_000,
    )


def test_it_is_as_large_as_it_says():
    assert 9_500_000 < len(BODY) <= 10_000_000


def test_an_upload_that_is_held_is_not_read_again(site):
    media, quarantine = Traffic(site.media), Traffic(site.quarantine)
    Photo.objects.create(image=ContentFile(BODY, name="cat.png"))
    assert (media.fetched, quarantine.fetched) == (0, 0)
    assert quarantine.requests["CompleteMultipartUpload"] == 1
    assert list(site.files("quarantine").values()) == [BODY]


def test_a_stored_file_is_read_once_to_score_and_hold_it(site):
    name = site.media.save("photos/there.png", ContentFile(BODY))
    media, quarantine = Traffic(site.media), Traffic(site.quarantine)
    Photo.objects.create(image=name, width=1820, height=1820)
    assert Scan.objects.get().status == "held"
    assert media.fetched == len(BODY)
    assert quarantine.fetched == 0
    assert list(site.files("quarantine").values()) == [BODY]


def test_a_decision_reads_the_file_once_and_keeps_little_of_it_in_memory(site):
    Photo.objects.create(image=ContentFile(BODY, name="cat.png"))
    media, quarantine = Traffic(site.media), Traffic(site.quarantine)
    tracemalloc.start()
    approve(Scan.objects.get(), moderator=None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (media.fetched, quarantine.fetched) == (0, len(BODY))
    assert peak < len(BODY)  # parts of it pass, never the whole
    quarantine.fetched = 0
    reject(Scan.objects.get(), moderator=None)
    assert (media.fetched, quarantine.fetched) == (len(BODY), 0)
    assert list(site.files("quarantine").values()) == [BODY]


def test_a_look_reads_the_file_once_and_writes_nothing(site):
    Photo.objects.create(image=ContentFile(BODY, name="cat.png"))
    media, quarantine = Traffic(site.media), Traffic(site.quarantine)
    assert not revealed(Scan.objects.get(), greyscale=False).notice
    assert (media.fetched, quarantine.fetched) == (0, len(BODY))
    approve(Scan.objects.get(), moderator=None)
    media.fetched = quarantine.fetched = 0
    media.requests.clear()
    assert not revealed(Scan.objects.get(), greyscale=False).notice
    assert (media.fetched, quarantine.fetched) == (len(BODY), 0)
    assert not {name for name in media.requests if name not in ("GetObject", "HeadObject")}


def test_a_look_at_what_is_missing(site):
    Photo.objects.create(image=ContentFile(BODY, name="cat.png"))
    scan = Scan.objects.get()
    site.quarantine.delete(scan.quarantine_name)
    with pytest.raises(PictureNotShown) as refused:
        revealed(scan, greyscale=True)
    assert refused.value.code == "missing"
