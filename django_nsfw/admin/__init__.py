"""The plain admin of scans and decisions."""

from .decision import DecisionAdmin
from .scan import ScanAdmin

__all__ = ["DecisionAdmin", "ScanAdmin"]
