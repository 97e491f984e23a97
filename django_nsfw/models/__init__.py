"""What is recorded: scans of files, the decisions of moderators, what these settle, and rescans;
who looked at which picture, and how they like to."""

from .decision import Decision
from .known import KnownImage, KnownSlot
from .looking import Reveal, ReviewPreference
from .quality import QualityCheck
from .run import Chunk, ClaimedBytes, Run
from .scan import Scan
from .telling import Delivery, DigestSent, DisabledEndpoint

__all__ = [
    "Chunk",
    "ClaimedBytes",
    "Decision",
    "Delivery",
    "DigestSent",
    "DisabledEndpoint",
    "KnownImage",
    "KnownSlot",
    "QualityCheck",
    "Reveal",
    "ReviewPreference",
    "Run",
    "Scan",
]
