"""A run on the workers of ``NSFW_RUNNER``, and again where its messages or workers were lost."""

import logging
from collections.abc import Iterator

from django.db import router
from django.utils import timezone

from .. import runners
from ..conf import nsfw_settings
from ..findings import Finding, Mended
from ..models import Chunk, Run

logger = logging.getLogger(__name__)


def enqueue(run: Run, number: int) -> None:
    """Ask for ``number`` workers at once. Raises what the engine raises where it is not there."""
    Run.objects.using(run._state.db).filter(pk=run.pk).update(enqueued=number)
    runner = runners.current()
    for _ in range(number):
        runner.work(run.pk)


def catch_up(*, dry_run: bool) -> Iterator[Mended]:
    """A part of the sweep: ask again for the workers of runs that nobody is at."""
    for run in abandoned():
        subject, detail = f"run {run.pk}", "nobody was at it; its workers were asked for again"
        finding = Finding.SENT
        try:
            if not dry_run:
                enqueue(run, run.enqueued)
        except Exception as error:
            logger.exception("%s could not be sent to a worker", subject)
            finding, detail = Finding.FAILED, f"{type(error).__name__}: {error}"
        yield Mended(finding=finding, subject=subject, detail=detail)


def abandoned() -> Iterator[Run]:
    """Runs of background workers of which nobody has had a chunk for the length of a lease."""
    before = timezone.now() - nsfw_settings.background.lease
    db = router.db_for_write(Run)
    runs = Run.objects.using(db).running().filter(enqueued__gt=0, created_at__lt=before)
    for run in runs.order_by("pk"):
        chunks = Chunk.objects.using(db).filter(run=run)
        # A lease ends one lease after the last sign of life.
        if not chunks.filter(lease_until__gte=timezone.now()).exists():
            yield run
