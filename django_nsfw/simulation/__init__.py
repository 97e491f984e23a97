"""What other thresholds would have done to what a site received, counted by the database.

What no score decides is left as it was: files without a score, and pictures that equal a known one.
"""

from .counting import simulate
from .outcome import Outcome, Simulation
from .proposal import Proposal
from .snippet import snippet

__all__ = ["Outcome", "Proposal", "Simulation", "simulate", "snippet"]
