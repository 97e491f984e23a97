"""What is recorded: scans of files, the decisions of moderators, what these settle, and rescans;
who looked at which picture, and how they like to."""

from .decision import Decision
from .known import KnownImage, KnownSlot
from .looking import Reveal, ReviewPreference
from .run import Chunk, ClaimedBytes, Run
from .scan import Scan

__all__ = [
    "Chunk",
    "ClaimedBytes",
    "Decision",
    "KnownImage",
    "KnownSlot",
    "Reveal",
    "ReviewPreference",
    "Run",
    "Scan",
]
