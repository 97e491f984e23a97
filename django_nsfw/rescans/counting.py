"""``--dry-run``: what a run would look at, without one."""

from collections import Counter
from collections.abc import Iterator, Sequence

from django.db import router
from django.utils import timezone

from ..detectors import detectors
from ..models import Chunk, Scan
from .candidates import candidates
from .selection import Selection
from .targets import Target


def count(targets: Sequence[Target], selection: Selection) -> Iterator[tuple[Target, Counter[str]]]:
    """The counts of each target. Writes nothing; loads a detector where its identity matters."""
    started = timezone.now()
    left = selection.limit
    for target in targets:
        counts: Counter[str] = Counter()
        after: str | None = None
        while left != 0 and (upto := target.boundary(after, selection.batch_size)) is not None:
            found, others = candidates(
                Chunk(after=after, upto=upto, attempts=1),
                target,
                selection,
                started=started,
                identity_of=lambda alias: detectors[alias].identity,
                db=router.db_for_write(Scan),
            )
            chosen = len(found) if left is None else min(len(found), left)
            left = None if left is None else left - chosen
            counts.update(others)
            counts["chosen"] += chosen
            after = upto
        yield target, counts
