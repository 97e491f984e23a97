"""What is recorded: scans of files, the decisions of moderators, what these settle, and rescans;
who looked at which picture, and how they like to; who has what open, and moderates what."""

from .decision import Decision
from .entry import ReviewQueue
from .known import KnownImage, KnownSlot
from .looking import Reveal, ReviewPreference
from .quality import QualityCheck
from .queue import Claim, FieldAccess, SavedQueue
from .run import Chunk, ClaimedBytes, Run
from .scan import Scan
from .shadow import ShadowScore
from .telling import Delivery, DigestSent, DisabledEndpoint

__all__ = [
    "Chunk",
    "Claim",
    "ClaimedBytes",
    "Decision",
    "Delivery",
    "DigestSent",
    "DisabledEndpoint",
    "FieldAccess",
    "KnownImage",
    "KnownSlot",
    "QualityCheck",
    "Reveal",
    "ReviewPreference",
    "ReviewQueue",
    "Run",
    "SavedQueue",
    "Scan",
    "ShadowScore",
]
