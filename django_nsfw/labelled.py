"""What people of this site said of its uploads, as labelled samples with weights.

Decisions are about what was held, which is not a fair draw of all uploads: among them every
detector misses next to nothing. The quality sample looked at some of what was cleared; each of
these stands for as many as were cleared per one that was looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import pairwise
from typing import BinaryIO

from django.conf import settings
from django.db import router
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date

from .evaluation.samples import Sample
from .evaluation.subjects import Subject
from .models import Decision, QualityCheck, Scan
from .strata import BANDS, Labelled, Uploads, weighed
from .verdict import Verdict

DECISIONS, QUALITY = "decisions", "quality sample"
"""The sources of the samples."""

ACTIONS = (Decision.Action.APPROVE, Decision.Action.REJECT)
CERTAIN = (QualityCheck.Answer.YES, QualityCheck.Answer.NO)

COLUMNS = (
    "id", "field", "object_pk", "object_db", "name", "original_name", "quarantine_name", "status",
    "verdict", "sha256", "size", "format", "detector", "nsfw", "error_code", "discard_at",
    "pruned_at", "sampled_at",
)  # fmt: skip


def subject(*, since: datetime | None = None) -> Subject:
    """The site's own decisions and quality checks about what was uploaded ``since`` then.

    A decision that stands counts if a person took it about these very bytes; one that follows
    another (of the same or a similar picture) does not. Horvitz, D. G. and Thompson, D. J. (1952),
    "A generalization of sampling without replacement from a finite universe", Journal of the
    American Statistical Association 47 (260), 663-685: each is weighted by the inverse of the
    probability that it was looked at. That is the share of the decided among what awaited a person
    in its field, and of the checked among what was cleared there, in bands of the recorded score
    where each band has ``ENOUGH`` of them (post-stratification). What people decided about cleared
    uploads that nobody drew stands for itself.
    """
    fields = _fields(since)
    decided, checked = _decided(since), _checked(since)
    labelled = weighed(decided, checked, fields)
    samples, disagreeing = _distinct(labelled)
    unseen = [
        label
        for label, counts in sorted(fields.items())
        if sum(counts.cleared.values())
        and not any(each.scan.field == label for each in checked.values())
    ]
    known = bool(checked)
    if known:
        samples = [replace(s, weight=0.0) if s.model_field in unseen else s for s in samples]
    return Subject(
        title="Decisions of this site" + (f" since {since:%Y-%m-%d}" if since else ""),
        samples=samples,
        duplicates=len(labelled) - len(samples),
        notes=_notes(decided, checked, unseen, disagreeing),
        alone=DECISIONS,
        recall_known=known or not any(sum(f.cleared.values()) for f in fields.values()),
    )


def beginning_of(day: str) -> datetime:
    """Midnight of ``2026-01-31``, in the zone that is active. ``ValueError`` where it is no day."""
    found = parse_date(day)
    if found is None:
        raise ValueError(f"{day!r} is no date such as 2026-01-31")
    moment = datetime(found.year, found.month, found.day)
    return timezone.make_aware(moment) if settings.USE_TZ else moment


def _scans(since: datetime | None) -> QuerySet[Scan]:
    """Uploads that were left to the score and to people: none that follow a decision about the
    same or a similar picture."""
    db = router.db_for_read(Scan)
    standing = Decision.objects.using(db).standing().filter(scan=OuterRef("pk"))
    on_arrival = Q(known__isnull=False, status__in=(Scan.Status.APPROVED, Scan.Status.REJECTED))
    inherited = Q(Exists(standing.filter(inherited_from__isnull=False)))
    follows = (on_arrival | inherited) & ~Q(Exists(_by_people(standing)))
    scans = Scan.objects.using(db).filter(~follows, scored_at__isnull=False)
    return scans if since is None else scans.filter(created_at__gte=since)


def _by_people(standing: QuerySet[Decision]) -> QuerySet[Decision]:
    return standing.filter(action__in=ACTIONS, inherited_from__isnull=True, moderator_name__gt="")


def _decided(since: datetime | None) -> dict[int, Labelled]:
    """The newest decision that stands about each scan, by the key of the scan."""
    standing = Decision.objects.using(router.db_for_read(Scan)).standing()
    decisions = (
        _by_people(standing)
        .filter(sha256=F("scan__sha256"), scan__in=_scans(since))
        .select_related("scan")
        .only("action", *(f"scan__{column}" for column in COLUMNS))
        .order_by("pk")
    )
    return {
        decision.scan_id: Labelled(
            scan=decision.scan,
            nsfw=decision.action == Decision.Action.REJECT,
            checked=False,
            said=decision.pk,
        )
        for decision in decisions.iterator(chunk_size=2000)
    }


def _checked(since: datetime | None) -> dict[int, Labelled]:
    """The first certain answer about each scan of the quality sample."""
    db = router.db_for_read(Scan)
    certain = QualityCheck.objects.using(db).filter(answer__in=CERTAIN)
    earlier = certain.filter(scan=OuterRef("scan"), pk__lt=OuterRef("pk"))
    checks = (
        certain.filter(~Exists(earlier), sha256=F("scan__sha256"), scan__in=_scans(since))
        .select_related("scan")
        .only("answer", *(f"scan__{column}" for column in COLUMNS))
        .order_by("pk")
    )
    return {
        check.scan_id: Labelled(
            scan=check.scan,
            nsfw=check.answer == QualityCheck.Answer.NO,
            checked=True,
            said=check.pk,
        )
        for check in checks.iterator(chunk_size=2000)
    }


def _fields(since: datetime | None) -> dict[str, Uploads]:
    """How many uploads of each field awaited people, and how many were cleared. One query."""
    # What was drawn was cleared then, whatever another score made of it since.
    cleared = Q(verdict=Verdict.ALLOW) | Q(status=Scan.Status.CLEAR) | Q(sampled_at__isnull=False)
    counts = {
        f"band{band}": Count("pk", filter=cleared & condition)
        for band, condition in enumerate(_conditions())
    }
    rows = (
        _scans(since)
        .order_by("field")
        .values_list("field")
        .annotate(awaited=Count("pk", filter=~cleared), **counts)
    )
    return {
        label: Uploads(awaited=awaited, cleared=dict(enumerate(bands)))
        for label, awaited, *bands in rows
    }


def _conditions() -> Iterator[Q]:
    """What is in each band, from the lowest; the first has what has no score, too."""
    edges = (None, *BANDS, None)
    for begin, end in pairwise(edges):
        condition = Q()
        if begin is not None:
            condition &= Q(nsfw__gte=begin)
        if end is not None:
            condition &= Q(nsfw__lt=end)
        yield condition | Q(nsfw__isnull=True) if begin is None else condition


def _distinct(labelled: Iterable[Labelled]) -> tuple[list[Sample], int]:
    """A sample for each bytes, which stands for all uploads of them, and how many bytes people
    disagreed about. Decisions go before checks, and the newest before others."""
    by_bytes: dict[str, list[Labelled]] = defaultdict(list)
    for each in labelled:
        by_bytes[each.scan.sha256].append(each)
    samples, disagreeing = [], 0
    for same in by_bytes.values():
        disagreeing += len({each.nsfw for each in same}) == 2
        newest = max(same, key=lambda each: (not each.checked, each.said))
        samples.append(_sample(newest, sum(each.weight for each in same)))
    return samples, disagreeing


def _sample(labelled: Labelled, weight: float) -> Sample:
    scan = labelled.scan
    recorded = {}
    if scan.nsfw is not None and scan.detector and not scan.error_code:
        recorded[scan.detector] = scan.nsfw
    return Sample(
        name=f"scan {scan.pk}: {scan.original_name}",
        nsfw=labelled.nsfw,
        open=partial(_open, scan),
        source=QUALITY if labelled.checked else DECISIONS,
        model_field=scan.field,
        weight=weight,
        recorded=recorded,
        sha256=scan.sha256,
        format=scan.format,
    )


def _open(scan: Scan) -> BinaryIO:
    from .renditions import bytes_of

    return BytesIO(bytes_of(scan))


def _notes(
    decided: Mapping[int, Labelled],
    checked: Mapping[int, Labelled],
    unseen: Sequence[str],
    disagreeing: int,
) -> list[str]:
    notes = [
        "Decisions are a biased sample: people decided about what was held or flagged, and nobody "
        "about what passed. By themselves they say how much was held in error, not how much was "
        "missed."
    ]
    if checked:
        notes.append(
            f"The quality sample corrects for it: {_count(checked, 'cleared picture')} that "
            "somebody looked at without the score, each weighted by how many were cleared in its "
            f"field per one that was looked at, stand beside {_count(decided, 'decision')}."
        )
    else:
        notes.append(
            "There is no quality sample, so nobody knows how much was missed: recall, and all "
            "that needs it, cannot be known and is left open here. Set quality_share of "
            "NSFW_REVIEW, and have people look at what it draws."
        )
    if checked and unseen:
        notes.append(
            f"Nobody looked at what was cleared in {', '.join(unseen)}: what was decided there "
            "counts in none of the corrected numbers."
        )
    if disagreeing:
        notes.append(
            f"{disagreeing} {'picture was' if disagreeing == 1 else 'pictures were'} judged in two "
            "ways; the newest decision counts."
        )
    return notes


def _count(things: Mapping[int, object], name: str) -> str:
    return f"{len(things):,} {name}{'' if len(things) == 1 else 's'}"
