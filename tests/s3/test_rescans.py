"""Scoring later, on S3: how often bodies are fetched."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from django_nsfw import assessment, pending
from django_nsfw.models import Scan
from django_nsfw.rescans import reading
from tests.conftest import picture, upload
from tests.host.models import Photo
from tests.rescans.conftest import rescan
from tests.s3.server import KEY, SECRET
from tests.s3.storages import session

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])

BODIES = [picture(seed=seed) for seed in range(4)]


@pytest.fixture
def gets():
    """Bucket → how often each of its objects was fetched, by clients of all threads."""
    fetched = {}

    def count(params, **_):
        fetched.setdefault(params["Bucket"], Counter())[params["Key"]] += 1

    events = session(KEY, SECRET).events
    events.register("provide-client-params.s3.GetObject", count)
    yield fetched
    events.unregister("provide-client-params.s3.GetObject", count)


@pytest.fixture
def site(gets, build):
    return build()


@pytest.fixture
def stored(site, monkeypatch):
    """Files that lie there for a while, and rows beside them."""
    monkeypatch.setattr(reading, "MARGIN", timedelta(0))  # S3 counts whole seconds, downwards
    names = [site.media.save(f"photos/{n}.jpg", ContentFile(body)) for n, body in enumerate(BODIES)]
    Photo.objects.bulk_create([Photo(image=name, width=96, height=64) for name in names])
    return names


def bodies(files):
    return sorted(files.values())


def test_a_rescan_fetches_each_file_once_to_score_and_hold_it(site, stored, gets, constant):
    constant.answer = 0.8
    run = rescan("host.Photo", unscanned=True)
    assert run.counts["taken_down"] == len(BODIES)
    assert bodies(site.files("quarantine")) == sorted(BODIES)
    assert not set(BODIES) & set(site.files("media").values())
    assert gets == {site.bucket("media"): Counter(stored)}


def test_and_each_held_one_once_to_score_and_release_it(site, stored, gets, constant):
    constant.answer = 0.8
    rescan("host.Photo", unscanned=True)
    held = list(site.files("quarantine"))
    Scan.objects.update(detector="an older one")
    assessment.memo.clear()  # another process
    gets.clear()
    constant.answer = 0.1
    run = rescan("host.Photo", outdated=True)
    assert run.counts["released"] == len(BODIES)
    assert bodies(site.files("media")) == sorted(BODIES)
    assert site.files("quarantine") == {}
    assert gets == {site.bucket("quarantine"): Counter(held)}


def test_a_file_that_was_written_over_since_it_was_fetched_is_not_lost(
    site, stored, constant, monkeypatch
):
    constant.answer = 0.8
    monkeypatch.undo()  # the margin, too: this is within it
    fetch, newer = reading.fetch, picture(seed=77)

    def swapped(storage, name, *, max_bytes):
        found = fetch(storage, name, max_bytes=max_bytes)
        if name == stored[0]:
            bucket = site.bucket("media")
            site.server.client.put_object(Bucket=bucket, Key=name, Body=newer)
        return found

    monkeypatch.setattr("django_nsfw.rescans.jobs.fetch", swapped)
    run = rescan("host.Photo", unscanned=True)
    assert run.counts["changed"] == 1
    assert Photo.objects.get(image=stored[0])
    assert len(site.files("quarantine")) == len(BODIES) - 1
    assert site.files("media")[stored[0]] == newer


@pytest.mark.parametrize(
    ("publish", "answer", "role", "status"),
    [
        ("after_scan", 0.1, "quarantine", "clear"),
        ("after_scan", 0.8, "quarantine", "held"),
        ("immediately", 0.1, "media", "clear"),
        ("immediately", 0.8, "media", "held"),
    ],
)
def test_a_worker_fetches_an_upload_once(
    site, gets, constant, settings, publish, answer, role, status
):
    settings.NSFW_RUNNER = "tests.background.post.Post"
    settings.NSFW_POLICY = {"publish": publish}
    photo = Photo.objects.create(image=upload(body=BODIES[0]))
    assert gets == {}
    [name] = [key for key, body in site.files(role).items() if body == BODIES[0]]
    gets.clear()
    constant.answer = answer
    pending.score(Scan.objects.get().pk)
    assert Scan.objects.get().status == status
    assert gets == {site.bucket(role): Counter([name])}
    photo.refresh_from_db()
    shown = site.files("media")[photo.image.name]
    assert (shown == BODIES[0]) == (status == "clear")
