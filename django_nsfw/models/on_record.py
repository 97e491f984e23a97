"""What the same bytes have on record: their scores, and the decision that settles them."""

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, IntegerField, Subquery, TextField, Value

from ..scores import Assessment, KnownMatch
from .known import KnownImage
from .scan import Scan

_FACTS = (
    "size", "format", "width", "height", "frames", "detector", "crops", "ms",
    "pdq", "pdq_quality", "pdq_rotations",
)  # fmt: skip
"""Columns of a scan that its assessment is made of, besides the digest."""


@dataclass(frozen=True, kw_only=True)
class OnRecord:
    """``match``: the known image of these very bytes. ``assessment``: what the detector said."""

    match: KnownMatch | None = None
    assessment: Assessment | None = None


def on_record(sha256: str, detector: str, *, using: str) -> OnRecord:
    """Both in one query: two indexed look-ups under a UNION.

    Of known images one's own decision comes before the lists of others, and in these a rejection
    first; of scans the newest one that this detector scored.
    """
    newest = Scan.objects.scored(sha256, detector).order_by("-pk").values("pk")[:1]
    scored = Scan.objects.using(using).filter(pk=Subquery(newest))
    known = KnownImage.objects.using(using).in_force().filter(sha256=sha256)
    nothing = Value(None, output_field=TextField())
    # The columns of a union are those of its first part, in the order of each.
    rows = scored.values_list(
        *_FACTS,
        Value(None, output_field=IntegerField()),
        Value("", output_field=CharField()),
        Value("", output_field=CharField()),
    ).union(known.values_list(*[nothing] * len(_FACTS), "pk", "outcome", "source"), all=True)
    assessment, matches = None, []
    for *facts, pk, outcome, source in rows:
        if pk is None:
            columns: dict[str, Any] = {
                # MariaDB makes decimals of the unsigned integers in a union.
                column: Scan._meta.get_field(column).to_python(fact)  # type: ignore[union-attr]
                for column, fact in zip(_FACTS, facts, strict=True)
            }
            assessment = Scan(sha256=sha256, **columns).assessment
        else:
            rejects = outcome == KnownImage.Outcome.REJECT
            matches.append((source != "", not rejects, -pk))
    if not matches:
        return OnRecord(assessment=assessment)
    _, approves, pk = min(matches)
    return OnRecord(match=KnownMatch(known=-pk, rejected=not approves), assessment=assessment)
