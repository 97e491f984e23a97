"""By field, by uploader, and by the reason why there is no score."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Max, Q

from ..models import Scan
from .inflow import CAME
from .scope import Scope

STATUS = Scan.Status

MOST = 50
"""Rows of each table; those that moderators have most to do with come first."""

STANDS = {
    "allowed": CAME["allowed"],
    "waiting": Q(status__in=Scan.WAITING),
    "approved": Q(status=STATUS.APPROVED),
    "rejected": Q(status=STATUS.REJECTED),
    "failed": ~Q(error_code=""),
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """What came in the period, and where it stands today. ``allowed`` is a verdict, ``failed`` has
    no score; the others are statuses, so that these kinds overlap."""

    label: str
    came: int
    allowed: int
    waiting: int
    approved: int
    rejected: int
    failed: int


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


def fields(scope: Scope) -> list[Field]:
    """One query."""
    rows: Any = scope.came.order_by().values("field").annotate(came=Count("pk"), **_counts(*STANDS))
    rows = rows.order_by("-came", "field")[:MOST]
    return [Field(label=row.pop("field"), **row) for row in rows]


def uploaders(scope: Scope) -> list[Uploader]:
    """Those of whom something waits or was rejected, most rejections first. Two queries."""
    counts = _counts("waiting", "approved", "rejected")
    rows: Any = scope.came.filter(uploader__isnull=False).order_by().values("uploader_id")
    rows = rows.annotate(came=Count("pk"), **counts)
    rows = rows.filter(Q(waiting__gt=0) | Q(rejected__gt=0))
    rows = rows.order_by("-rejected", "-waiting", "uploader_id")[:MOST]
    found = {row["uploader_id"]: row for row in rows}
    users = get_user_model()._base_manager.using(scope.db).filter(pk__in=found)
    names = {user.pk: user.get_username() for user in users}
    return [
        Uploader(pk=row.pop("uploader_id"), name=names.get(pk, ""), **row)
        for pk, row in found.items()
    ]


def failures(scope: Scope) -> list[Failure]:
    """One query."""
    rows: Any = scope.came.exclude(error_code="").order_by().values("error_code")
    rows = rows.annotate(count=Count("pk"), latest=Max("created_at"))
    rows = rows.order_by("-count", "error_code")[:MOST]
    return [Failure(code=row.pop("error_code"), **row) for row in rows]


def _counts(*names: str) -> dict[str, Count]:
    return {name: Count("pk", filter=STANDS[name]) for name in names}
