"""Who gets which rows: every row once, whoever asks, and again where a worker died."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from django_nsfw.exceptions import RescanRefused
from django_nsfw.models import Chunk, Run
from django_nsfw.rescans import claims, runs
from django_nsfw.rescans.selection import Selection
from django_nsfw.rescans.targets import find_targets
from tests.host.models import Asset, Photo, Slide

pytestmark = pytest.mark.django_db

PHOTO = {"image": "a.jpg", "width": 1, "height": 1}
"""With its size, for which Django would open the file."""


def rows_of(model, number, **values):
    """Rows that name a file which nobody stored: no gate, no scan."""
    model.objects.bulk_create([model(**values) for _ in range(number)])


def started(*names, **options):
    targets = find_targets(names)
    return runs.start(targets, Selection(**options)), targets


def drain(run, targets, worker="a"):
    """Every chunk that can be had, completed at once."""
    while chunk := claims.claim(run, targets, worker):
        claims.complete(chunk)
        yield chunk


def keys(chunk, targets):
    rows = targets[chunk.target].between(chunk.after, chunk.upto)
    return list(rows.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("model", "label", "fields"),
    [
        (Photo, "host.Photo", [PHOTO for _ in range(7)]),
        (Asset, "host.Asset", [{"file": "a.jpg"} for _ in range(7)]),
        (
            Slide,
            "host.Slide",
            [{"tray": uuid.UUID(int=n % 3), "position": n, "image": "a.jpg"} for n in range(7)],
        ),
    ],
    ids=["whole numbers", "UUIDs", "composite"],
)
@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_every_row_is_in_one_chunk(model, label, fields, size):
    model.objects.bulk_create([model(**values) for values in fields])
    run, targets = started(label, batch_size=size)
    seen = [pk for chunk in drain(run, targets) for pk in keys(chunk, targets)]
    assert sorted(map(str, seen)) == sorted(str(row.pk) for row in model.objects.all())
    assert len(seen) == 7
    assert run.status == "finished"
    assert run.doing is None


def test_an_empty_table_ends_at_once():
    run, targets = started("host.Photo")
    assert list(drain(run, targets)) == []
    assert run.status == "finished"


def test_several_targets_follow_each_other():
    rows_of(Photo, 3, **PHOTO)
    rows_of(Asset, 2, file="a.jpg")
    run, targets = started("host.Photo", "host.Asset", batch_size=2)
    assert [chunk.target for chunk in drain(run, targets)] == [0, 0, 1]
    assert run.status == "finished"


def test_two_workers_never_get_the_same_rows():
    rows_of(Photo, 10, **PHOTO)
    run, targets = started("host.Photo", batch_size=2)
    other = Run.objects.get()
    seen = []
    for _ in range(6):
        for view, name in ((run, "a"), (other, "b")):
            chunk = claims.claim(view, targets, name)
            if chunk:
                seen += keys(chunk, targets)
    assert len(seen) == len(set(seen)) == 10
    assert Run.objects.get().status == "running"


def test_a_run_ends_with_its_last_chunk_and_not_before():
    rows_of(Photo, 2, **PHOTO)
    run, targets = started("host.Photo", batch_size=1)
    first, second = (claims.claim(run, targets, "a") for _ in range(2))
    assert claims.claim(run, targets, "b") is None
    assert run.status == "running"
    claims.complete(first)
    assert claims.claim(run, targets, "b") is None
    claims.complete(second)
    assert claims.claim(run, targets, "b") is None
    assert run.status == "finished"


def expire(chunk):
    Chunk.objects.filter(pk=chunk.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_what_a_dead_worker_had_is_claimed_again_and_lost_to_it():
    rows_of(Photo, 1, **PHOTO)
    run, targets = started("host.Photo")
    lost = claims.claim(run, targets, "a")
    assert claims.claim(run, targets, "b") is None
    expire(lost)
    again = claims.claim(run, targets, "b")
    assert (again.pk, again.attempts, again.worker) == (lost.pk, 2, "b")
    with pytest.raises(claims.ChunkLost):
        claims.renew(lost)
    with pytest.raises(claims.ChunkLost):
        claims.complete(lost)
    claims.renew(again)
    claims.complete(again)


def test_after_three_attempts_a_chunk_is_given_up_and_the_run_ends():
    rows_of(Photo, 2, **PHOTO)
    run, targets = started("host.Photo", batch_size=1)
    for _ in range(3):
        chunk = claims.claim(run, targets, "a")
        chunk.counts = {"rows": 1}
        claims.save_counts(chunk)
        expire(chunk)
    other = claims.claim(run, targets, "a")
    assert other.pk != chunk.pk
    claims.complete(other)
    assert claims.claim(run, targets, "a") is None
    run.refresh_from_db()
    assert (run.status, run.counts) == ("finished", {"rows": 1})
    assert runs.failed_chunks(run) == 1


def test_a_chunk_that_is_given_back_is_taken_at_once_and_was_no_failure():
    rows_of(Photo, 1, **PHOTO)
    run, targets = started("host.Photo")
    chunk = claims.claim(run, targets, "a")
    chunk.counts = {"scored": 3}
    claims.give_back(chunk)
    again = claims.claim(run, targets, "b")
    assert (again.pk, again.attempts, again.counts) == (chunk.pk, 1, {"scored": 3})


def test_a_worker_that_is_known_to_be_dead_costs_no_lease():
    rows_of(Photo, 1, **PHOTO)
    run, targets = started("host.Photo")
    chunk = claims.claim(run, targets, "a")
    assert claims.bury(run, "b") == 0
    assert claims.bury(run, "a") == 1
    assert claims.claim(run, targets, "b").pk == chunk.pk


def test_counts_of_chunks_become_those_of_the_run():
    rows_of(Photo, 3, **PHOTO)
    run, targets = started("host.Photo", batch_size=1)
    for scored in (1, 2):
        chunk = claims.claim(run, targets, "a")
        chunk.counts = {"scored": scored, "rows": 1}
        claims.complete(chunk)
    chunk = claims.claim(run, targets, "a")
    chunk.counts = {"scored": 10}
    claims.save_counts(chunk)
    assert runs.progress(run) == {"scored": 13, "rows": 2}
    run.refresh_from_db()
    assert run.counts == {"scored": 3, "rows": 2}


def test_a_limit_is_shared_by_all_chunks():
    rows_of(Photo, 9, **PHOTO)
    run, targets = started("host.Photo", batch_size=3, limit=4)
    granted = []
    while chunk := claims.claim(run, targets, "a"):
        granted.append(claims.grant(chunk, 3))
        assert claims.grant(chunk, 3) == granted[-1], "asking again takes nothing more"
        claims.complete(chunk)
    assert granted == [3, 1]
    assert run.status == "finished"


def test_the_same_rescan_is_not_started_twice():
    rows_of(Photo, 1, **PHOTO)
    run, _ = started("host.Photo", unscanned=True, batch_size=10)
    with pytest.raises(RescanRefused) as refused:
        started("host.Photo", unscanned=True, batch_size=20)
    assert str(refused.value).startswith(f"Run {run.pk} is doing that since 20")
    assert f"--resume {run.pk}, or end it with --cancel {run.pk}." in str(refused.value)
    other, _ = started("host.Photo", outdated=True)
    assert other.pk != run.pk
    runs.cancel(run.pk)
    started("host.Photo", unscanned=True)


def test_a_run_that_has_ended_is_not_resumed():
    run, targets = started("host.Photo")
    assert runs.find(run.pk) == run
    assert list(drain(run, targets)) == []
    with pytest.raises(RescanRefused, match=rf"^Run {run.pk} is finished since 20.*new one"):
        runs.find(run.pk)
    with pytest.raises(RescanRefused, match=r"^There is no run 987654\.$"):
        runs.find(987654)


def test_a_cancelled_run_hands_out_nothing():
    rows_of(Photo, 5, **PHOTO)
    run, targets = started("host.Photo", batch_size=1)
    chunk = claims.claim(run, targets, "a")
    runs.cancel(run.pk)
    assert claims.claim(run, targets, "b") is None
    claims.complete(chunk)
    assert Run.objects.get().status == "cancelled"


def test_chunks_of_runs_that_ended_long_ago_are_deleted_and_their_counts_stay():
    rows_of(Photo, 3, **PHOTO)
    for days in (31, 29):
        run, targets = started("host.Photo", batch_size=1)
        for chunk in drain(run, targets):
            assert chunk.run_id == run.pk
        ended = timezone.now() - timedelta(days=days)
        Run.objects.filter(pk=run.pk).update(finished_at=ended, counts={"rows": 3})
    run, targets = started("host.Photo", batch_size=1)
    claims.claim(run, targets, "a")
    assert [r.chunks.count() for r in Run.objects.order_by("pk")] == [0, 3, 1]
    assert Run.objects.order_by("pk")[0].counts == {"rows": 3}
