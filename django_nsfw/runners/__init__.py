"""Who scores: this process while the upload waits, or the task engine that the site has already."""

from .base import Runner, current, score_on_commit

__all__ = ["Runner", "current", "score_on_commit"]
