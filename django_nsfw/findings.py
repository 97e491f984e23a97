"""What the sweep reports."""

from dataclasses import dataclass
from enum import StrEnum


class Finding(StrEnum):
    """What was found. Its value is the word the command prints."""

    SETTLED = "settled"
    RECORDED = "recorded"
    KEPT = "kept"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    UNDONE = "undone"
    DISCARDED = "discarded"
    CLEARED = "cleared"
    FOLLOWED = "followed"
    CAUGHT_UP = "caught up"
    SENT = "sent again"
    OVERDUE = "overdue"
    UNREADABLE = "unreadable entry"
    UNKNOWN = "not understood"
    MISSING = "bytes missing"
    SUPERSEDED = "superseded"
    OBJECT_GONE = "object gone"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Mended:
    """One thing that was found: where, what it was, and whether a person must look."""

    finding: Finding
    subject: str
    detail: str

    @property
    def needs_person(self) -> bool:
        return self.finding in (
            Finding.MISSING,
            Finding.UNKNOWN,
            Finding.FAILED,
            Finding.OVERDUE,
        )
