"""A run from its start to its end, whoever works on it in between."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import IntegrityError, router, transaction
from django.utils import timezone

from ..exceptions import RescanRefused
from ..models import Chunk, ClaimedBytes, Run
from .selection import Selection
from .targets import Target

CHUNKS_KEPT = timedelta(days=30)
"""After its end a run keeps its counts; the chunks of a nightly one would be millions in a year."""


def start(targets: Sequence[Target], selection: Selection) -> Run:
    """A new run, committed. Raises ``RescanRefused`` where the same one is under way."""
    db = router.db_for_write(Run)
    run = Run(
        doing=selection.digest(targets),
        targets=[[target.label, target.db] for target in targets],
        options=selection.as_json(),
        position=[0, None],
        rows=sum(selection.filtered(target, target.rows.all()).count() for target in targets),
        remaining=selection.limit,
    )
    try:
        with transaction.atomic(using=db):
            run.save(using=db, force_insert=True)
    except IntegrityError as error:
        twin = Run.objects.using(db).filter(doing=run.doing).first()
        if twin is None:
            raise
        raise RescanRefused(
            f"Run {twin.pk} is doing that since {_moment(twin)}. Take part in it with "
            f"--resume {twin.pk}, or end it with --cancel {twin.pk}."
        ) from error
    _delete_old_chunks(db)
    return run


def find(pk: int) -> Run:
    """The run with this number, to be worked on. Raises ``RescanRefused`` where it has ended."""
    run = _get(pk)
    if run.status != Run.Status.RUNNING:
        ended = timezone.localtime(run.finished_at).isoformat(" ", "minutes")
        raise RescanRefused(
            f"Run {pk} is {run.get_status_display()} since {ended}. Start a new one: what is up to "
            "date costs it next to nothing."
        )
    return run


def cancel(pk: int) -> Run:
    """Hand out no more chunks. What workers are at, they finish. Raises ``RescanRefused``."""
    run = find(pk)
    _end(run, Run.Status.CANCELLED)
    return run


def finish(run: Run) -> bool:
    """End a run of which nothing is left. Idempotent; False where somebody else ended it."""
    return _end(run, Run.Status.FINISHED)


def targets_of(run: Run) -> list[Target]:
    return [Target.of(label, db) for label, db in run.targets]


def selection_of(run: Run) -> Selection:
    return Selection.from_json(run.options)


def progress(run: Run) -> dict[str, int]:
    """What is counted so far, in chunks that are done and in those under way. Two queries."""
    run.refresh_from_db()
    open_chunks = Chunk.objects.using(run._state.db).filter(run=run).exclude(status="done")
    return add(run.counts, *open_chunks.values_list("counts", flat=True))


def add(*counts: Mapping[str, int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for name, number in each.items():
            total[name] = total.get(name, 0) + number
    return total


def failed_chunks(run: Run) -> int:
    return Chunk.objects.using(run._state.db).filter(run=run, status="failed").count()


def _get(pk: int) -> Run:
    run = Run.objects.using(router.db_for_write(Run)).filter(pk=pk).first()
    if run is None:
        raise RescanRefused(f"There is no run {pk}.")
    return run


def _end(run: Run, status: "Run.Status") -> bool:
    db = run._state.db
    changes = {"status": status, "finished_at": timezone.now(), "doing": None}
    with transaction.atomic(using=db):
        ended = Run.objects.using(db).filter(pk=run.pk).running().update(**changes)
        if ended:
            ClaimedBytes.objects.using(db).filter(run=run).delete()
    run.refresh_from_db(using=db)
    return bool(ended)


def _delete_old_chunks(db: str) -> None:
    ended = Run.objects.using(db).filter(finished_at__lt=timezone.now() - CHUNKS_KEPT)
    chunks = Chunk.objects.using(db)
    old = chunks.filter(run__in=ended).values_list("pk", flat=True)
    while batch := list(old[:1000]):
        chunks.filter(pk__in=batch).delete()


def _moment(run: Run) -> str:
    return timezone.localtime(run.created_at).isoformat(" ", "minutes")
