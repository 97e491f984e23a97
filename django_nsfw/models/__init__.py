"""What is recorded: scans of files, and the decisions of moderators on them."""

from .decision import Decision
from .scan import Scan

__all__ = ["Decision", "Scan"]
