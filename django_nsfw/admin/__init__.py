"""The plain admin of scans, decisions, known images, rescans, of who looked at what,
of what others were told, and of who moderates which fields.

Every process of a site imports this at its start, and few show it to anybody: what a page works
with is imported when it is asked for.
"""

from .access import FieldAccessAdmin
from .decision import DecisionAdmin
from .known import KnownImageAdmin
from .looking import RevealAdmin
from .run import RunAdmin
from .scan import ScanAdmin
from .telling import DeliveryAdmin

__all__ = [
    "DecisionAdmin",
    "DeliveryAdmin",
    "FieldAccessAdmin",
    "KnownImageAdmin",
    "RevealAdmin",
    "RunAdmin",
    "ScanAdmin",
]
