"""What settings of several keys come to, once they are read."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Background:
    """``lease``: how long a worker has a scan, or a chunk between two signs of life, to itself.
    ``deadline``: the age from which a scan without a score is settled by policy. ``queue`` of the
    engine; empty for its own default."""

    lease: timedelta
    deadline: timedelta
    queue: str


@dataclass(frozen=True, kw_only=True)
class Review:
    """``blur``, ``greyscale`` and ``muted`` are what people start with; what is muted stands still.
    ``reveals_a_day``: from the next one on a moderator is told to rest; None for never. ``claim``:
    how long an item of the queue is theirs who opened it, unless they renew it. ``explain``:
    whether the web processes may ask the detector what drove a score.
    ``quality_share``: of what is cleared by its score, from 0 to 1, is put before a person.
    ``base_url`` of the site, for links in mails."""

    blur: int
    greyscale: bool
    muted: bool
    reveals_a_day: int | None
    claim: timedelta
    explain: bool
    quality_share: float
    base_url: str


@dataclass(frozen=True, kw_only=True)
class Shadow:
    """``detector``: alias of the one that scores without deciding. ``share`` of the uploads, from
    0 to 1, that it is shown."""

    detector: str
    share: float
