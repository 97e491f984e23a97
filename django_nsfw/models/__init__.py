"""What is recorded: scans of files, the decisions of moderators, and what these settle."""

from .decision import Decision
from .known import KnownImage, KnownSlot
from .scan import Scan

__all__ = ["Decision", "KnownImage", "KnownSlot", "Scan"]
