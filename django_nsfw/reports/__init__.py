"""Figures about the work of moderators, counted by the database.

Each room answers one question in a bounded number of queries, and none reads rows: what comes back
is as long as the period has days, or as the site has fields, detectors and moderators.
"""

from .period import Period
from .report import Report, recent, report
from .scope import Scope

__all__ = ["Period", "Report", "Scope", "recent", "report"]
