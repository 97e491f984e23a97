"""The plain admin of scans, decisions and known images."""

from .decision import DecisionAdmin
from .known import KnownImageAdmin
from .scan import ScanAdmin

__all__ = ["DecisionAdmin", "KnownImageAdmin", "ScanAdmin"]
