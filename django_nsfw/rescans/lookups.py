"""What the database knows of many bytes at once: their scores, decisions about them, who is at
them. All in the thread that owns the connection."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db import router
from django.db.models import QuerySet
from django.utils import timezone

from ..models import Chunk, ClaimedBytes, KnownImage, KnownSlot, Scan
from ..scores import Assessment, KnownMatch

Key = tuple[str, str]
"""(sha256, detector identity)."""


@dataclass
class Found:
    """``recalled``: scores that are there. ``mine``: what this chunk is to score. The rest is
    being scored by others."""

    recalled: dict[Key, Assessment] = field(default_factory=dict)
    mine: set[Key] = field(default_factory=set)


def take_on(chunk: Chunk, keys: Collection[Key]) -> Found:
    """Claim bytes for this chunk, then see which of them were scored before.

    In this order: who claims what another worker has just let go finds its score.
    """
    found = Found()
    if not keys:
        return found
    db = chunk._state.db
    claimed = [
        ClaimedBytes(run_id=chunk.run_id, sha256=sha256, detector=identity, chunk=chunk)
        for sha256, identity in sorted(keys)
    ]
    ClaimedBytes.objects.using(db).bulk_create(claimed, ignore_conflicts=True)
    held = ClaimedBytes.objects.using(db).filter(
        run=chunk.run_id, sha256__in={sha256 for sha256, _ in keys}
    )
    others: dict[int, list[int]] = {}
    for pk, sha256, identity, owner, known in held.values_list(
        "pk", "sha256", "detector", "chunk", "found"
    ):
        if known is not None:
            found.recalled[sha256, identity] = Assessment.from_json(known)
        elif owner == chunk.pk:
            found.mine.add((sha256, identity))
        else:
            others.setdefault(owner, []).append(pk)
    if others:
        found.mine |= _inherit(chunk, others)
    for identity in {identity for _, identity in keys}:
        wanted = {sha256 for sha256, of in keys if of == identity}
        for sha256, assessment in recall(wanted, identity).items():
            found.recalled[sha256, identity] = assessment
    found.mine = (found.mine & set(keys)) - found.recalled.keys()
    return found


def with_others(chunk: Chunk, keys: Collection[Key]) -> set[Key]:
    """Which of these bytes other workers are still scoring. One query."""
    theirs = ClaimedBytes.objects.using(chunk._state.db).filter(
        run=chunk.run_id,
        sha256__in={sha256 for sha256, _ in keys},
        found__isnull=True,
        chunk__status=Chunk.Status.CLAIMED,
        chunk__lease_until__gt=timezone.now(),
    )
    return set(keys) & set(theirs.exclude(chunk=chunk).values_list("sha256", "detector"))


def recall(sha256s: Collection[str], identity: str) -> dict[str, Assessment]:
    """What the same detector once said of these bytes. One query."""
    scans = Scan.objects.using(router.db_for_write(Scan)).filter(
        sha256__in=sha256s, detector=identity, error_code="", nsfw__isnull=False
    )
    return {scan.sha256: scan.assessment for scan in scans.order_by("pk")}


def let_go(chunk: Chunk, keys: Collection[Key]) -> None:
    """Their scores are recorded: whoever waits for them finds them there."""
    if keys:
        _claims(chunk, keys).delete()


def keep(chunk: Chunk, found: Mapping[Key, Assessment]) -> None:
    """Nothing is recorded in this run: the claim keeps the score until it ends."""
    claims = list(_claims(chunk, found.keys()))
    for claimed in claims:
        assessment = found.get((claimed.sha256, claimed.detector))
        if assessment is not None and assessment.failure is None:
            claimed.found = assessment.as_json()
    ClaimedBytes.objects.using(chunk._state.db).bulk_update(claims, ["found"])


def known_bytes(sha256s: Iterable[str]) -> dict[str, KnownMatch]:
    """Decisions about the same bytes. One query."""
    db = router.db_for_read(KnownImage)
    return KnownImage.objects.using(db).exact_among(sha256s)


def any_hashes() -> bool:
    """Whether there is a known image that another one could resemble."""
    return KnownSlot.objects.using(router.db_for_read(KnownSlot)).exists()


def _claims(chunk: Chunk, keys: Collection[Key]) -> "QuerySet[ClaimedBytes]":
    return ClaimedBytes.objects.using(chunk._state.db).filter(
        run=chunk.run_id, chunk=chunk, sha256__in={sha256 for sha256, _ in keys}
    )


def _inherit(chunk: Chunk, others: Mapping[int, list[int]]) -> set[Key]:
    """Take over what those are at who are not at work any more."""
    db = chunk._state.db
    alive = set(
        Chunk.objects.using(db)
        .filter(pk__in=others, status=Chunk.Status.CLAIMED, lease_until__gt=timezone.now())
        .values_list("pk", flat=True)
    )
    taken: set[Key] = set()
    for owner, pks in others.items():
        if owner in alive:
            continue
        left = ClaimedBytes.objects.using(db).filter(pk__in=pks)
        if left.filter(chunk=owner).update(chunk=chunk):
            taken |= set(left.filter(chunk=chunk).values_list("sha256", "detector"))
    return taken
