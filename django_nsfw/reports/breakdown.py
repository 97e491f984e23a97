"""By field, by uploader, and by the reason why there is no score."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Q

from ..models import Scan
from .came import Came
from .scope import Scope

STATUS = Scan.Status

STANDS: dict[str, str] = {
    STATUS.HELD: "waiting",
    STATUS.FLAGGED: "waiting",
    STATUS.APPROVED: "approved",
    STATUS.REJECTED: "rejected",
}

MOST = 50
"""Rows of each table; those that moderators have most to do with come first."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """What came in the period, and where it stands today. ``allowed`` is a verdict, ``failed`` has
    no score; the others are statuses, so that these kinds overlap."""

    label: str
    came: int
    allowed: int = 0
    waiting: int = 0
    approved: int = 0
    rejected: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class Uploader:
    """As ``Field``, of one uploader. An account that is gone has no name."""

    pk: Any
    name: str
    came: int
    waiting: int
    approved: int
    rejected: int


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Scans of the period that have no score, for a reason in common; ``latest`` when it came."""

    code: str
    count: int
    latest: datetime


def fields(came: list[Came]) -> list[Field]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in came:
        count = counts[one.field]
        count["came"] += one.count
        if one.kind == "allowed":
            count["allowed"] += one.count
        if one.status in STANDS:
            count[STANDS[one.status]] += one.count
        if one.failure:
            count["failed"] += one.count
    busiest = sorted(counts, key=lambda label: (-counts[label]["came"], label))[:MOST]
    return [Field(label=label, **counts[label]) for label in busiest]


def uploaders(scope: Scope) -> list[Uploader]:
    """Those of whom something waits or was rejected, most rejections first. Two queries."""
    # Statuses are counted, and not keys: all of it is in the index that begins with the uploader.
    counts = {
        name: Count(
            "status", filter=Q(status__in=[status for status in STANDS if STANDS[status] == name])
        )
        for name in ("waiting", "approved", "rejected")
    }
    rows: Any = scope.came.filter(uploader__isnull=False).order_by().values("uploader_id")
    rows = rows.annotate(came=Count("status"), **counts)
    rows = rows.filter(Q(waiting__gt=0) | Q(rejected__gt=0))
    rows = rows.order_by("-rejected", "-waiting", "uploader_id")[:MOST]
    found = {row["uploader_id"]: row for row in rows}
    users = get_user_model()._base_manager.using(scope.db).filter(pk__in=found)
    names = {user.pk: user.get_username() for user in users}
    return [
        Uploader(pk=row.pop("uploader_id"), name=names.get(pk, ""), **row)
        for pk, row in found.items()
    ]


def failures(came: list[Came]) -> list[Failure]:
    counts: Counter[str] = Counter()
    latest: dict[str, datetime] = {}
    for one in came:
        if code := one.failure:
            counts[code] += one.count
            latest[code] = max(one.latest, latest.get(code, one.latest))
    most = sorted(counts, key=lambda code: (-counts[code], code))[:MOST]
    return [Failure(code=code, count=counts[code], latest=latest[code]) for code in most]
