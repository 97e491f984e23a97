"""Who has an item open, so that two people do not look at the same one. Advice: whoever decides
with the newest version decides, claim or none."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import router
from django.db.models import Case, F, Q, When
from django.utils import timezone

from ..conf import nsfw_settings
from ..models import Claim, Scan
from ..models.queue import ClaimQuerySet


def claim(scan: Scan, user: AbstractBaseUser) -> Claim | None:
    """That of ``user``, new or renewed; one that expired is taken over. None: somebody else has it.

    One that is renewed goes on ``since`` then; any other begins now.

    Of several at once one gets it, on every database: by the primary key where nobody has it, by
    the condition of one UPDATE where somebody had. At most three queries; the first is spared where
    ``scan`` was read with its claim.
    """
    now = timezone.now()
    held = getattr(scan, "claim", None) if _comes_along(scan) else _of(scan).first()
    if held is None:  # MariaDB would lock the gap where an UPDATE matches nothing
        new = Claim(scan_id=scan.pk, since=now, **_claimed(user, now))
        Claim.objects.using(_db()).bulk_create([new], ignore_conflicts=True)
        held = _of(scan).first()
        if held is None or (held.user_id == user.pk and held.until == new.until):
            return held
    if not _take(_of(scan).filter(Q(user_id=user.pk) | Q(until__lte=now)), user, now):
        return None
    goes_on = held.user_id == user.pk and held.until > now
    since = held.since if goes_on else now
    return Claim(scan_id=scan.pk, since=since, **_claimed(user, now))


def renew(scan: Scan, user: AbstractBaseUser) -> bool:
    """Whether it is still theirs. One that expired meanwhile is, unless somebody took it over, and
    begins anew."""
    return bool(_take(_of(scan).filter(user_id=user.pk), user, timezone.now()))


def free(scan: Scan, user: AbstractBaseUser) -> None:
    """Let others have it; what somebody else has is left to them."""
    _of(scan).filter(user_id=user.pk).delete()


def holders(scans: Iterable[Scan]) -> dict[int, Claim]:
    """Primary key of a scan → who has it open now. One query."""
    keys = [scan.pk for scan in scans]
    claims = Claim.objects.using(_db()).running().filter(scan_id__in=keys)
    return {claim.pk: claim for claim in claims}


def _of(scan: Scan) -> ClaimQuerySet:
    return Claim.objects.using(_db()).filter(scan_id=scan.pk)


def _comes_along(scan: Scan) -> bool:
    return bool(Scan._meta.get_field("claim").is_cached(scan))


def _take(claims: ClaimQuerySet, user: AbstractBaseUser, now: datetime) -> int:
    kept = When(user_id=user.pk, until__gt=now, then=F("since"))
    # First: MariaDB assigns from left to right, and compares with what it has just assigned.
    return claims.update(since=Case(kept, default=now), **_claimed(user, now))


def _claimed(user: AbstractBaseUser, now: datetime) -> dict[str, Any]:
    return {
        "user_id": user.pk,
        "user_name": user.get_username()[:255],
        "until": now + nsfw_settings.review.claim,
        "renewed": now,
    }


def _db() -> str:
    return router.db_for_write(Claim)
