"""Scans as the grid shows them: everything that a tile says, in one query for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from ...models import Claim, Scan
from ...permissions import visible
from ...queue.words import age, field_name, plain, reason, subject, threshold


@dataclass(frozen=True, kw_only=True)
class Tile:
    """``score`` and ``threshold`` are percent, None where there is none. ``same``: how many scans
    with the very same bytes wait, this one among them."""

    scan: Scan
    subject: str
    file: str
    field: str
    reason: str
    uploader: str
    age: str
    score: int | None
    threshold: int | None
    claimed_by: str
    frames: int
    same: int

    @property
    def version(self) -> str:
        return self.scan.version


def tiles(scans: Sequence[Scan], user: AbstractBaseUser) -> list[Tile]:
    """In the order of ``scans``, which come as ``queue.pages.page`` gives them. One query."""
    thresholds = {label: threshold(label) for label in {scan.field for scan in scans}}
    same = _same(scans, user)
    return [_tile(scan, user, thresholds[scan.field], same.get(scan.sha256, 1)) for scan in scans]


def held_by(claim: Claim | None, user: AbstractBaseUser) -> str:
    """The name of somebody else who has it open; empty where nobody has."""
    if claim is None or claim.user_id == user.pk or claim.until <= timezone.now():
        return ""
    return plain(claim.user_name) or _("somebody else")


def _tile(scan: Scan, user: AbstractBaseUser, limit: float | None, same: int) -> Tile:
    return Tile(
        scan=scan,
        subject=subject(scan),
        file=plain(scan.original_name),
        field=plain(field_name(scan.field)),
        reason=reason(scan, limit),
        uploader=plain(str(scan.uploader)) if scan.uploader is not None else "",
        age=age(scan.created_at),
        score=None if scan.nsfw is None else _percent(scan.nsfw),
        threshold=None if limit is None else _percent(limit),
        claimed_by=held_by(getattr(scan, "claim", None), user),
        frames=scan.frames,
        same=same,
    )


def _same(scans: Sequence[Scan], user: AbstractBaseUser) -> dict[str, int]:
    digests = {scan.sha256 for scan in scans if scan.sha256}
    if not digests:
        return {}
    waiting = visible(user, Scan.objects.waiting().filter(sha256__in=digests))
    found = waiting.order_by().values_list("sha256").annotate(n=Count("pk"))
    return dict(found)


def _percent(share: float) -> int:
    return round(share * 100)
