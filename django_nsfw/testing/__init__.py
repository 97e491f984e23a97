"""For the tests of other projects: what becomes of an upload is what a test says."""

from . import uploads
from .pictures import picture
from .script import Script

__all__ = ["Script", "picture", "uploads"]
