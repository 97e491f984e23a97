"""A question as conditions on rows."""

from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from ..models import Claim, Scan
from ..permissions import visible
from ..shadow.thresholds import disagreeing
from .asking import KNOWN, SCORE, Question


def matching(question: Question, user: AbstractBaseUser) -> QuerySet[Scan]:
    """What a person may see of what they ask for, in no order, whatever its status."""
    scans = visible(user, Scan.objects.all())
    if question.fields:
        scans = scans.filter(field__in=question.fields)
    if question.low is not None:
        scans = scans.filter(nsfw__gte=question.low)
    if question.high is not None:
        scans = scans.filter(nsfw__lte=question.high)
    if question.reasons:
        scans = scans.filter(_reasons(question.reasons))
    if question.verdicts:
        scans = scans.filter(verdict__in=question.verdicts)
    if question.detector:
        scans = scans.filter(detector=question.detector)
    if question.label:
        scans = scans.filter(label=question.label)
    if question.uploader is not None:
        scans = scans.filter(uploader_id=question.uploader)
    now = timezone.now()
    if question.min_age is not None:
        scans = scans.filter(created_at__lte=now - timedelta(hours=question.min_age))
    if question.max_age is not None:
        scans = scans.filter(created_at__gte=now - timedelta(hours=question.max_age))
    if question.mine:
        mine = Claim.objects.running().filter(user_id=user.pk)
        scans = scans.filter(pk__in=mine.values("pk"))
    if question.escalated:
        scans = scans.filter(escalated_at__isnull=False)
    if question.shadow:
        scans = scans.filter(pk__in=disagreeing().values("pk"))
    return scans


def _reasons(reasons: tuple[str, ...]) -> Q:
    """What a known image settled or brought before people has that reason, scored or not."""
    codes = [reason for reason in reasons if reason not in (SCORE, KNOWN)]
    asked = Q(error_code__in=codes) if codes else Q()
    if SCORE in reasons:
        asked |= Q(error_code="", known__isnull=True)
    if KNOWN in reasons:
        asked |= Q(known__isnull=False)
    return asked
