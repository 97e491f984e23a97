"""What happens in this process, counted as it happens."""

from typing import Any

from django.db.models.signals import post_save
from prometheus_client import Counter, Histogram

from ...models import Scan
from ...scores import Assessment
from ...signals import (
    decision_undone,
    image_assessed,
    image_held,
    image_rejected,
    image_released,
)

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SCORES = tuple(number / 20 for number in range(1, 21))

assessments = Counter(
    "nsfw_assessments",
    "Files that were looked at: scored, recalled from earlier, unscored so far, or why not.",
    ["detector", "outcome"],
)
seconds_taken = Histogram(
    "nsfw_assessment_seconds",
    "From the file to its score, waiting for a turn included; of what was scored anew.",
    ["detector"],
    buckets=SECONDS,
)
scores = Histogram(
    "nsfw_score",
    "Scores of what was scored anew, from 0 to 1.",
    ["detector"],
    buckets=SCORES,
)
verdicts = Counter(
    "nsfw_verdicts", "Uploads by what the policy made of them.", ["field", "verdict", "status"]
)
events = Counter(
    "nsfw_events", "Files held, released and rejected, and decisions undone.", ["field", "event"]
)

EVENTS = {
    image_held: "held",
    image_released: "released",
    image_rejected: "rejected",
    decision_undone: "undone",
}


def connect() -> None:
    image_assessed.connect(_assessed, sender=Assessment, dispatch_uid=f"{__name__}.assessed")
    post_save.connect(_recorded, sender=Scan, dispatch_uid=f"{__name__}.recorded")
    for signal in EVENTS:
        signal.connect(_happened, sender=Scan, dispatch_uid=f"{__name__}.happened")


def _assessed(
    *, assessment: Assessment, alias: str, seconds: float, recalled: bool, **kwargs: Any
) -> None:
    assessments.labels(alias, _outcome(assessment, recalled)).inc()
    if assessment.nsfw is not None and assessment.failure is None and not recalled:
        seconds_taken.labels(alias).observe(seconds)
        scores.labels(alias).observe(assessment.nsfw)


def _outcome(assessment: Assessment, recalled: bool) -> str:
    if assessment.failure is not None:
        return assessment.failure.code
    if assessment.nsfw is None:  # a worker will, or it is settled by an earlier decision
        return "unscored"
    return "recalled" if recalled else "scored"


def _recorded(*, instance: Scan, created: bool, **kwargs: Any) -> None:
    if created:
        verdicts.labels(instance.field, instance.verdict, instance.status).inc()


def _happened(*, signal: Any, scan: Scan, **kwargs: Any) -> None:
    events.labels(scan.field, EVENTS[signal]).inc()
