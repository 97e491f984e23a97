"""The plain admin of scans, decisions, known images, rescans, and of who looked at what."""

from .decision import DecisionAdmin
from .known import KnownImageAdmin
from .looking import RevealAdmin
from .run import RunAdmin
from .scan import ScanAdmin

__all__ = ["DecisionAdmin", "KnownImageAdmin", "RevealAdmin", "RunAdmin", "ScanAdmin"]
