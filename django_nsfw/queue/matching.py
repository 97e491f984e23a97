"""A question as conditions on rows."""

from datetime import timedelta
from typing import Any, Literal

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from ..models import Claim, Scan
from ..models.planning import Unsought
from ..permissions import restricted_to, visible
from ..shadow.thresholds import disagreeing
from .asking import KNOWN, SCORE, Question

LOOKED_AT = 10_000
"""Scans that are read one after the other for a page, or of one status for a count."""


def matching(question: Question, user: AbstractBaseUser) -> QuerySet[Scan]:
    """What a person may see of what they ask for, in no order, whatever its status. Conditions on
    status and field are to be on ``of_status`` and ``of_field``."""
    column = Unsought if question.shadow else F
    scans: QuerySet[Scan] = Scan.objects.alias(of_status=column("status"), of_field=column("field"))
    scans = visible(user, scans, "of_field")
    if question.fields:
        scans = scans.filter(Q(of_field__in=question.fields))
    scans = scans.filter(span(question, "nsfw"), span(question, "created_at"))
    if question.reasons:
        scans = scans.filter(_reasons(question.reasons))
    if question.verdicts:
        scans = scans.filter(verdict__in=question.verdicts)
    if question.detector:
        scans = scans.filter(detector=question.detector)
    if question.label:
        scans = scans.filter(label=question.label)
    if question.object_pk:
        scans = scans.filter(object_pk=question.object_pk)
    if question.uploader is not None:
        scans = scans.filter(uploader_id=question.uploader)
    if question.mine:
        mine = Claim.objects.running().filter(user_id=user.pk)
        scans = scans.filter(pk__in=mine.values("pk"))
    if question.escalated:
        scans = scans.filter(escalated_at__isnull=False)
    if question.shadow:
        scans = scans.filter(pk__in=disagreeing().values("pk"))
    return scans


def span(question: Question, column: Literal["created_at", "nsfw"]) -> Q:
    """What is asked of an ordered column: ages and moments, or the band of scores."""
    low: Any = question.low
    high: Any = question.high
    if column == "created_at":
        now = timezone.now()
        oldest, youngest = (
            None if hours is None else now - timedelta(hours=hours)
            for hours in (question.max_age, question.min_age)
        )
        low = max(filter(None, (oldest, question.since)), default=None)
        high = min(filter(None, (youngest, question.until)), default=None)
    asked = Q() if low is None else Q(**{f"{column}__gte": low})
    return asked if high is None else asked & Q(**{f"{column}__lte": high})


def reads_one_by_one(question: Question, user: AbstractBaseUser, status: str) -> bool:
    """Whether rows of a status must be read to tell whether they are asked for: no index serves the
    filters. Fields are in that of the age, which is short for what waits."""
    if question.object_pk or question.uploader is not None:
        return False
    if question.mine or question.escalated or question.shadow:
        return False
    if question.reasons or question.verdicts or question.detector or question.label:
        return True
    narrow = bool(question.fields) or restricted_to(user) is not None
    return narrow and status not in Scan.WAITING


def _reasons(reasons: tuple[str, ...]) -> Q:
    """What a known image settled or brought before people has that reason, scored or not."""
    codes = [reason for reason in reasons if reason not in (SCORE, KNOWN)]
    asked = Q(error_code__in=codes) if codes else Q()
    if SCORE in reasons:
        asked |= Q(error_code="", known__isnull=True)
    if KNOWN in reasons:
        asked |= Q(known__isnull=False)
    return asked
