"""Scored samples that need no file."""

import io

from django_nsfw.evaluation.samples import Sample
from django_nsfw.evaluation.scoring import Scored
from django_nsfw.scores import Failure

HAND = (
    (True, 0.9),
    (True, 0.8),
    (False, 0.7),
    (True, 0.4),
    (False, 0.3),
    (False, 0.2),
    (False, 0.1),
)
"""Label and score of seven pictures, for which everything can be counted on fingers."""


def scored(nsfw, score, *, weight=1.0, body=b"", name="a.jpg", format="JPEG", **fields) -> Scored:
    """``score`` None: it failed."""
    sample = Sample(
        name=name, nsfw=nsfw, weight=weight, open=lambda: io.BytesIO(body), format=format, **fields
    )
    failure = Failure(code="unreadable_image", message="Cut off.") if score is None else None
    return Scored(sample=sample, nsfw=score, failure=failure, format=format)


def hand(**fields) -> list[Scored]:
    return [scored(nsfw, score, name=f"{n}.jpg", **fields) for n, (nsfw, score) in enumerate(HAND)]
