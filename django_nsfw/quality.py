"""The quality sample: who is asked about which cleared picture, and how often people agree."""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, router, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from .intervals import wilson
from .models import QualityCheck, Scan
from .permissions import visible

Answer = QualityCheck.Answer
CERTAIN = (Answer.YES, Answer.NO)

WITHIN = timedelta(days=30)
"""How long after it was cleared a picture is asked about: the report is about the detector and the
policy of these days."""

APART = 16
"""People who check at the same time are spread over so many pictures."""


class NotInSample(Exception):
    """It is not, or not any more, theirs to be asked about."""


def waiting(user: AbstractBaseUser) -> QuerySet[Scan]:
    """What ``user`` can be asked about: drawn in the last 30 days, clear still, in a field that
    they may moderate, never shown to them before, and settled by nobody else's yes or no.

    In the order of random tokens, so that those which are checked are a fair draw, too.
    """
    db = router.db_for_write(Scan)
    checks = QualityCheck.objects.using(db).filter(scan=OuterRef("pk"))
    sample = Scan.objects.using(db).filter(
        ~Exists(checks.filter(user_id=user.pk)),
        ~Exists(checks.filter(answer__in=CERTAIN)),
        status=Scan.Status.CLEAR,
        sampled_at__gte=timezone.now() - WITHIN,
    )
    return visible(user, sample).order_by("token")


def next_for(user: AbstractBaseUser) -> Scan | None:
    """The same one until it is answered, by them or by somebody else."""
    pks = list(waiting(user).values_list("pk", flat=True)[:APART])
    if not pks:
        return None
    mine = pks[zlib.crc32(str(user.pk).encode()) % len(pks)]
    return Scan.objects.using(router.db_for_write(Scan)).filter(pk=mine).first()


def answer(pk: int, user: AbstractBaseUser, said: "Answer") -> Scan:
    """Record what ``user`` said of the scan ``pk``. After a no it waits in the queue, flagged: it
    stays public until somebody rejects it, as ``on_review="flag"`` has it.

    Raises ``NotInSample``, also where they answered before.
    """
    db = router.db_for_write(Scan)
    with transaction.atomic(using=db):
        scan = waiting(user).filter(pk=pk).first()
        if scan is None:
            raise NotInSample
        try:
            with transaction.atomic(using=db):
                QualityCheck.record(scan, user, said)
        except IntegrityError as error:  # they sent it twice, at the same moment
            raise NotInSample from error
        if said == Answer.NO and not scan.move(Scan.Status.FLAGGED):
            raise NotInSample  # settled or replaced in this moment; nothing is recorded
    return scan


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Between what the score cleared and what people say of it. ``field`` is empty for all.

    ``drawn`` scans came into the sample; people said ``yes`` or ``no`` of some, and of ``unsure``
    nobody could say. Of those with a no, moderators rejected ``upheld`` and approved ``overruled``.
    """

    field: str = ""
    drawn: int = 0
    yes: int = 0
    no: int = 0
    unsure: int = 0
    upheld: int = 0
    overruled: int = 0

    @property
    def judged(self) -> int:
        return self.yes + self.no

    @property
    def share(self) -> float | None:
        """Of what people judged, how much they would clear as well; None before the first."""
        return self.yes / self.judged if self.judged else None

    @property
    def share_between(self) -> tuple[float, float] | None:
        return wilson(self.yes, self.judged)

    @property
    def wrong(self) -> float | None:
        """The estimate of how much of all that is cleared should not have been."""
        return self.no / self.judged if self.judged else None

    @property
    def wrong_between(self) -> tuple[float, float] | None:
        return wilson(self.no, self.judged)


@dataclass(frozen=True, kw_only=True)
class Report:
    total: Agreement
    fields: Sequence[Agreement]


def report(user: AbstractBaseUser, *, since: datetime) -> Report:
    """About what was drawn since then, in the fields that ``user`` may see. Three queries.

    A scan counts once: by its first yes or no, however many said something at the same moment.
    """
    db = router.db_for_write(Scan)
    sample = visible(user, Scan.objects.using(db).filter(sampled_at__gte=since))
    counts: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    for field, number in sample.order_by("field").values_list("field").annotate(n=Count("pk")):
        counts[field]["drawn"] = number
    certain = QualityCheck.objects.using(db).filter(scan=OuterRef("scan"), answer__in=CERTAIN)
    checks = QualityCheck.objects.using(db).filter(
        ~Exists(certain.filter(pk__lt=OuterRef("pk"))), scan__in=sample
    )
    rows = (
        checks.filter(answer__in=CERTAIN)
        .order_by("scan__field")
        .values_list("scan__field", "answer", "scan__status")
        .annotate(n=Count("pk"))
    )
    for field, said, status, number in rows:
        counts[field][said] += number
        if said == Answer.NO and status == Scan.Status.REJECTED:
            counts[field]["upheld"] += number
        elif said == Answer.NO and status == Scan.Status.APPROVED:
            counts[field]["overruled"] += number
    unsure = checks.filter(~Exists(certain)).order_by("scan__field").values_list("scan__field")
    for field, number in unsure.annotate(n=Count("scan", distinct=True)):
        counts[field]["unsure"] = number
    fields = [Agreement(field=field, **counts[field]) for field in sorted(counts)]
    total: dict[str, Any] = defaultdict(int)
    for each in counts.values():
        for name, number in each.items():
            total[name] += number
    return Report(total=Agreement(**total), fields=fields)
